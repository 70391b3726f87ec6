// A screen that is drawn again and again, and the terminal as it was when that ends, whatever ends it: the alternate
// screen, no cursor, and both undone on every way out that a process can still act on.
import { setTimeout as sleep } from 'node:timers/promises';

export const ENTER = '\u001b[?1049h\u001b[?25l';
export const LEAVE = '\u001b[?25h\u001b[?1049l';
export const HOME = '\u001b[H';
export const TO_LINE_END = '\u001b[K';
const TO_SCREEN_END = '\u001b[J';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Ending extends Disposable {
  /** Aborts on a signal that asks to end, and when nobody reads stdout any more. */
  signal: AbortSignal;
}

/** While it is not disposed of, the signals that ask to end say so here and do nothing else. */
export function untilEnded(): Ending {
  const ending = new AbortController();
  const end = () => {
    ending.abort();
  };
  for (const signal of ENDING) process.on(signal, end);
  process.stdout.once('error', end);
  return {
    signal: ending.signal,
    [Symbol.dispose]() {
      for (const signal of ENDING) process.off(signal, end);
      process.stdout.off('error', end);
    },
  };
}

/** Resolves when the time is over, or at once when it is to end. Milliseconds. */
export async function pause(ms: number, { signal }: Ending): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

export class Screen implements Disposable {
  readonly #leave = () => {
    process.stdout.write(LEAVE);
  };

  constructor() {
    process.stdout.write(ENTER);
    process.on('exit', this.#leave); // of an error that nobody caught, too
  }

  /** Lines that are too long, or too many, are cut: nothing wraps or scrolls. Colours take no room. */
  draw(text: string): void {
    const columns = process.stdout.columns || 80; // a terminal may not know its size, and say 0
    const rows = process.stdout.rows || 24;
    const lines = text.trimEnd().split('\n');
    const shown =
      lines.length > rows
        ? [...lines.slice(0, rows - 1), `... ${lines.length - rows + 1} more lines`]
        : lines;
    // Erased first: behind a full line the cursor stands on its last character.
    const drawn = shown.map((line) => TO_LINE_END + cut(line, columns)).join('\n');
    process.stdout.write(HOME + drawn + (shown.length < rows ? `\n${TO_SCREEN_END}` : ''));
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#leave);
    this.#leave();
  }
}

/** An escape sequence that sets a colour, as report/style.ts makes them, or one character. */
const PARTS = /\u001b\[[0-9;]*m|[^]/gu;

function cut(line: string, width: number): string {
  let room = width;
  let shown = '';
  for (const [part] of line.matchAll(PARTS)) {
    const isColor = part.length > 1 && part.startsWith('\u001b');
    if (!isColor && room-- <= 0) continue;
    shown += part;
  }
  return shown;
}
