// `xdpkeep status`, once or with `--watch` again and again.
import { parseDuration } from '../text/duration.js';
import { EXIT, UsageError, XdpkeepError } from '../model/errors.js';
import type { Status } from '../model/status.js';
import { renderStatus } from '../report/status.js';
import { json, painter } from '../report/style.js';
import { status } from '../inspect/status.js';
import { type CommonOptions, lookOptions } from './options.js';
import type { CommandResult } from './result.js';
import { pause, Screen, untilEnded } from './screen.js';

export interface StatusCommand extends CommonOptions {
  memory?: boolean;
  watch?: boolean;
  /** A duration. */
  every?: string;
}

export async function runStatus(options: StatusCommand): Promise<CommandResult> {
  if (options.watch === true) return watchStatus(options);
  const out = options.output === 'json' ? json(await look(options)) : await screen(options);
  return { exitCode: EXIT.ok, out };
}

async function look(options: StatusCommand): Promise<Status> {
  const result = await status(lookOptions(options));
  if (options.memory === true) {
    result.memory = await (await import('../inspect/memory.js')).readMemory(options.bpffs);
  }
  return result;
}

async function screen(options: StatusCommand): Promise<string> {
  return renderStatus(await look(options), painter(options.color));
}

const EVERY = '2s';
const LEAST_MS = 200;

/** Redraws a terminal; into a pipe it writes one status after the other, as NDJSON with `--output json`. */
async function watchStatus(options: StatusCommand): Promise<CommandResult> {
  const { every = EVERY, output } = options;
  const interval = parseDuration(every);
  if (interval === undefined || interval < LEAST_MS) {
    throw new UsageError(`"${every}" is not a time of at least ${LEAST_MS} ms`, {
      hint: 'Write it like 2s or 500ms.',
    });
  }
  using ending = untilEnded();
  if (output === 'json') {
    process.stdout.write(json({ apiVersion: 'xdpkeep/v1', kind: 'Stream' }, 0));
    while (!ending.signal.aborted) {
      process.stdout.write(json(await look(options), 0));
      await pause(interval, ending);
    }
    return { exitCode: EXIT.ok, out: '' };
  }
  using terminal = process.stdout.isTTY ? new Screen() : undefined;
  while (!ending.signal.aborted) {
    const text = await orTrouble(() => screen(options));
    if (terminal) terminal.draw(`${new Date().toISOString()}, every ${every}; ^C ends it\n\n${text}`);
    else process.stdout.write(`${text}\n`);
    await pause(interval, ending);
  }
  return { exitCode: EXIT.ok, out: '' };
}

/** What cannot be read now may be readable in a moment: whoever watches is told, and goes on watching. */
async function orTrouble(read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
    return `error: ${error.message}\n`;
  }
}
