// The terminal, taken over and given back: its other screen, no cursor, keys as they are pressed. However this process ends,
// short of SIGKILL, the terminal is as it was before anything else is said.
import { writeSync } from 'node:fs';

/** The other screen, no cursor, no wrapping at the right; and back. */
const TAKE = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const GIVE_BACK = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface ScreenEvents {
  keys: (read: string) => void;
  resized: () => void;
  /** A signal, or nobody at the other end any more. */
  ended: () => void;
}

export class TerminalScreen implements Disposable {
  #taken = false;
  readonly #give = () => {
    this.#giveBack();
  };
  readonly #end: () => void;
  readonly #continue: () => void;
  readonly #read: (data: Buffer) => void;

  constructor(private readonly events: ScreenEvents) {
    this.#end = () => {
      this.#giveBack();
      events.ended();
    };
    this.#continue = () => {
      this.#take();
      events.resized();
    };
    this.#read = (data) => {
      events.keys(data.toString());
    };
    process.once('exit', this.#give); // an error that nobody caught comes by here too
    process.once('uncaughtExceptionMonitor', this.#give);
    for (const signal of SIGNALS) process.on(signal, this.#end);
    process.on('SIGCONT', this.#continue);
    process.stdout.on('error', this.#end).on('resize', events.resized);
    process.stdin.on('data', this.#read).on('end', this.#end).on('error', this.#end);
    this.#take();
  }

  /** At least 1 by 1. */
  get size(): { columns: number; rows: number } {
    return { columns: Math.max(1, process.stdout.columns), rows: Math.max(1, process.stdout.rows) };
  }

  /** Left out while the terminal has not taken the picture before: over a slow connection pictures would pile up. */
  draw(lines: readonly string[]): void {
    if (!this.#taken || process.stdout.writableNeedDrain) return;
    const text = lines.map((line) => line + REST_OF_LINE).join('\r\n');
    process.stdout.write(HOME + text + REST_OF_SCREEN);
  }

  /** What Ctrl-Z asks for: the shell has the terminal until it says to go on. */
  stop(): void {
    this.#giveBack();
    process.kill(process.pid, 'SIGSTOP');
  }

  [Symbol.dispose](): void {
    this.#giveBack();
    process
      .off('exit', this.#give)
      .off('uncaughtExceptionMonitor', this.#give)
      .off('SIGCONT', this.#continue);
    for (const signal of SIGNALS) process.off(signal, this.#end);
    process.stdout.off('error', this.#end).off('resize', this.events.resized);
    process.stdin.off('data', this.#read).off('end', this.#end).off('error', this.#end).pause();
  }

  #take(): void {
    if (this.#taken) return;
    this.#taken = true;
    process.stdin.setRawMode(true).resume();
    process.stdout.write(TAKE);
  }

  /** Synchronously: nothing may come after it but what the caller says. */
  #giveBack(): void {
    if (!this.#taken) return;
    this.#taken = false;
    try {
      process.stdin.setRawMode(false);
      writeSync(process.stdout.fd, GIVE_BACK);
    } catch {
      // The terminal is gone: there is nothing to give back.
    }
  }
}
