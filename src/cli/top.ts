// `xdpkeep top`: a picture of the traffic that is drawn again and again; lines or records where there is no terminal for it.
import { setTimeout as delay } from 'node:timers/promises';
import { requireCapabilities } from '../kernel/capabilities.js';
import { EXIT } from '../model/errors.js';
import type { Traffic } from '../model/traffic.js';
import { json, painter } from '../report/style.js';
import { renderTop, renderTraffic, rowsOf, TOP_START, type TopState, trafficRecord } from '../report/top.js';
import { TrafficReader } from '../inspect/traffic.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';
import { pause, untilEnded } from './screen.js';
import { Terminal } from './terminal.js';
import { press, splitKeys } from './top-keys.js';

const EVERY = 1000;
/** Milliseconds to the second look: nobody wants to wait for the first rates. */
const FIRST = 300;
/** Columns where there is no terminal. */
const PLAIN_COLUMNS = 100;

export interface TopOptions extends CommonOptions {
  /** Milliseconds between two looks. */
  every?: number;
  /** Looks with rates, after which it ends. */
  count?: number;
}

export async function runTop(name: string | undefined, options: TopOptions): Promise<CommandResult> {
  requireCapabilities();
  using reader = new TrafficReader(options.bpffs, options.dataDir, name);
  const { isTTY } = process.stdout;
  const isScreen =
    isTTY && process.stdin.isTTY && process.env['TERM'] !== 'dumb' && options.output === 'text';
  await (isScreen ? new Top(reader, options).run() : stream(reader, options));
  return { exitCode: EXIT.ok, out: '' };
}

/** For a pipe, a file, a dumb terminal: look after look, one below the other. */
async function stream(reader: TrafficReader, options: TopOptions): Promise<void> {
  const isJson = options.output === 'json';
  using ending = untilEnded();
  if (isJson) process.stdout.write(json({ apiVersion: 'xdpkeep/v1', kind: 'Stream' }, 0));
  reader.look();
  for (let left = options.count ?? Infinity; left > 0; left--) {
    await pause(options.every ?? EVERY, ending);
    if (ending.signal.aborted) return;
    const traffic = reader.look();
    process.stdout.write(isJson ? trafficRecord(traffic) : renderTraffic(traffic, lookOf(options)));
  }
}

function lookOf({ color, host }: TopOptions) {
  return { columns: PLAIN_COLUMNS, unicode: isUtf8(process.env), paint: painter(color), host };
}

/** Does the locale have more than ASCII? The first of the three that is set counts (locale(7)). */
export function isUtf8(env: NodeJS.ProcessEnv): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((one) => one !== undefined && one !== '');
  return /utf-?8/i.test(locale ?? '');
}

class Top {
  #state: TopState = TOP_START;
  #traffic: Traffic;
  #left: number;

  constructor(
    private readonly reader: TrafficReader,
    private readonly options: TopOptions,
  ) {
    this.#traffic = reader.look();
    this.#left = options.count ?? Infinity;
  }

  /** Resolves when somebody ended it; rejects when a look failed. The terminal has been given back then. */
  async run(): Promise<void> {
    const stop = new AbortController();
    const isOver = () => stop.signal.aborted || this.#left <= 0;
    using screen = new Terminal({
      keys: (read) => {
        for (const key of splitKeys(read)) this.#press(key, screen, stop);
        this.#draw(screen);
      },
      resized: () => {
        this.#draw(screen);
      },
      ended: () => {
        stop.abort();
      },
    });
    this.#draw(screen);
    for (let pause = FIRST; !isOver(); pause = this.options.every ?? EVERY) {
      await delay(pause, undefined, { signal: stop.signal }).catch(() => undefined);
      if (isOver() || this.#state.paused) continue;
      this.#traffic = this.reader.look();
      this.#left--;
      this.#draw(screen);
    }
  }

  #press(key: string, screen: Terminal, stop: AbortController): void {
    const pressed = press(this.#state, key, Math.max(1, screen.size.rows - 6));
    if (pressed === 'quit') stop.abort();
    else if (pressed === 'stop') screen.stop();
    else this.#state = pressed;
  }

  #draw(screen: Terminal): void {
    const { scroll } = this.#state;
    const most = rowsOf(this.#traffic, this.#state).length - 1;
    this.#state = { ...this.#state, scroll: Math.min(scroll, Math.max(0, most)) };
    screen.draw(renderTop(this.#traffic, this.#state, { ...lookOf(this.options), ...screen.size }));
  }
}
