// A screen (screen.ts) that reads keys: no echo, no waiting for lines. The terminal is restored however this process ends,
// short of SIGKILL.
import { writeSync } from 'node:fs';
import { ENTER, HOME, LEAVE, TO_LINE_END } from './screen.js';

const NO_WRAPPING = '\u001b[?7l';
const WRAPPING = '\u001b[?7h';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface TerminalEvents {
  keys: (read: string) => void;
  resized: () => void;
  /** A signal, or nobody at the other end any more. */
  ended: () => void;
}

export class Terminal implements Disposable {
  #taken = false;
  readonly #give = () => {
    this.#giveBack();
  };
  readonly #end: () => void;
  readonly #continue: () => void;
  readonly #read: (data: Buffer) => void;

  constructor(private readonly events: TerminalEvents) {
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

  /** A terminal may not know its size, and say 0. */
  get size(): { columns: number; rows: number } {
    return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
  }

  /** Left out while the terminal has not taken the picture before: over a slow connection pictures would pile up. */
  draw(lines: readonly string[]): void {
    if (!this.#taken || process.stdout.writableNeedDrain) return;
    // Erased first: behind a full line the cursor stands on its last character.
    process.stdout.write(HOME + lines.map((line) => TO_LINE_END + line).join('\r\n'));
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
    process.stdout.write(ENTER + NO_WRAPPING);
  }

  /** Synchronously: nothing may come after it but what the caller says. */
  #giveBack(): void {
    if (!this.#taken) return;
    this.#taken = false;
    try {
      process.stdin.setRawMode(false);
      writeSync(process.stdout.fd, WRAPPING + LEAVE);
    } catch {
      // The terminal is gone: there is nothing to give back.
    }
  }
}
