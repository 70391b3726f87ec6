// The text of one state file, and the conversion of offsets to what a diagnostic shows (line, column, code frame).
import { LineCounter } from 'yaml';
import type { Diagnostic } from '../../model/diagnostic.js';

/** A line longer than this is no help to a reader and is left out of diagnostics. UTF-16 code units. */
const LONGEST_EXCERPT = 4096;

/** Where a diagnostic points. Columns count UTF-16 code units, as editors do. */
export type Place = Pick<Diagnostic, 'at' | 'endColumn' | 'excerpt'>;

export class Source {
  #lineCounter: LineCounter | undefined;

  constructor(
    /** Relative to the state directory. */
    readonly file: string,
    readonly text: string,
    /** SHA-256 (hex) of the bytes that the text was made of; absent where nobody asks. */
    readonly sha256?: string,
  ) {}

  /** Made when it is needed: most files have no problem, and lists have millions of lines. */
  get #lines(): LineCounter {
    if (this.#lineCounter) return this.#lineCounter;
    const counter = new LineCounter();
    for (const start of lineStarts(this.text)) counter.addNewLine(start);
    this.#lineCounter = counter;
    return counter;
  }

  /** `start` and `end` are offsets into the text, `end` one past the last; without it the place is a point. */
  placeAt(start: number, end = start): Place {
    const lines = this.#lines;
    const { line, col } = lines.linePos(start);
    const lineStart = lines.lineStarts[line - 1] ?? 0;
    const lineEnd = lines.lineStarts[line] ?? this.text.length;
    const excerpt = this.text.slice(lineStart, lineEnd).replace(/\r?\n$/, '');
    const endColumn = Math.min(end - lineStart, excerpt.length) + 1;
    return {
      at: { file: this.file, line, column: col },
      ...(endColumn > col && { endColumn }),
      ...(excerpt.length <= LONGEST_EXCERPT && { excerpt }),
    };
  }
}

/** Offsets of the lines of a text; behind a last line break there is one more, and empty. */
function* lineStarts(text: string): Generator<number> {
  yield 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) yield at + 1;
}
