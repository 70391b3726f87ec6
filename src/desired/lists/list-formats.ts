// Finds the address in a line, for each format. A line without one (a comment, a header, `create`) is skipped.
import { suggest } from '../../text/suggest.js';
import { quote } from '../../text/wording.js';

const [TAB, BREAK, RETURN, SPACE, QUOTE, HASH] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x23];

/** How a list is written. */
export type ListFormat =
  | { format: 'plain' | 'ipset' }
  | { format: 'csv'; column: number | string; separator: string; header: boolean };

interface LineProblem {
  message: string;
  hint: string;
  /** What the rest of the list means depends on it: it cannot be skipped. */
  fatal?: true;
}

/** Finds the entry of one line after another: bytes[from..to), without blanks around; none if they are equal. */
export class LineReader {
  from = 0;
  to = 0;
  /** Set when the line is wrong whatever its entry may be. */
  problem: LineProblem | undefined;

  constructor(protected readonly bytes: Uint8Array) {}

  /** Reads the line that begins at `start` and returns where the next one does. `#` begins a comment. */
  read(start: number): number {
    const { bytes } = this;
    let end = start;
    while (end < bytes.length && bytes[end] !== BREAK && bytes[end] !== HASH) end++;
    this.take(start, end);
    while (end < bytes.length && bytes[end] !== BREAK) end++;
    return end + 1;
  }

  /** The part of a line, without the blanks around it. */
  protected take(from: number, to: number): void {
    while (from < to && isBlank(this.bytes[from])) from++;
    while (to > from && isBlank(this.bytes[to - 1])) to--;
    this.from = from;
    this.to = to;
  }

  /** Behind the word that begins at `from`. */
  protected wordEnd(from: number, to: number): number {
    let end = from;
    while (end < to && !isBlank(this.bytes[end])) end++;
    return end;
  }

  protected startsWith(word: string, from: number): boolean {
    for (let at = 0; at < word.length; at++) if (this.bytes[from + at] !== word.charCodeAt(at)) return false;
    return true;
  }

  protected text(from: number, to: number): string {
    return new TextDecoder().decode(this.bytes.subarray(from, to));
  }
}

/** As `ipset save` writes: `create` lines, and `add NAME ENTRY [OPTIONS]`; lines with an entry alone are taken as well. */
class IpsetReader extends LineReader {
  override read(start: number): number {
    const next = super.read(start);
    this.problem = undefined;
    const { from, to } = this;
    if (this.startsWith('add ', from)) this.#takeAdded(from + 4, to, next - 1);
    else if (this.startsWith('create ', from)) this.#passCreated(from, to);
    return next;
  }

  /** Behind `create NAME TYPE`; a member of such a set is not what it looks like. */
  #passCreated(from: number, to: number): void {
    const mask = optionsIn(this.text(from, to)).slice(3).find(isMask);
    if (mask === undefined) this.take(to, to);
    else {
      const hint = 'Write the networks that are meant: `add NAME 10.1.1.0/24`.';
      const message = `makes a set whose members are more than they say (\`${mask}\`)`;
      this.problem = { message, hint, fatal: true };
    }
  }

  #takeAdded(from: number, to: number, lineEnd: number): void {
    this.take(from, to);
    this.take(this.wordEnd(this.from, to), to); // behind the name of the set
    const end = this.wordEnd(this.from, this.to);
    const options = end < lineEnd ? optionsIn(this.text(end, lineEnd)) : [];
    this.take(this.from, end);
    if (this.from === this.to) {
      this.problem = { message: 'adds nothing', hint: 'Write `add NAME ADDRESS`.' };
    } else if (options.includes('nomatch')) {
      const hint = 'Take the exception out of the networks around it.';
      this.problem = { message: 'is an exception (`nomatch`), and a list has none', hint, fatal: true };
    }
  }
}

/** Words, without what is quoted (the `comment` of a member, which may be about anything) and what is behind `#`. */
function optionsIn(text: string): string[] {
  return text
    .replace(/"[^"]*("|$)/g, ' ')
    .replace(/#.*/, '')
    .split(/\s+/);
}

function isMask(option: string): boolean {
  return option === 'netmask' || option === 'bitmask';
}

/** One column of a table; a field does not reach over a line's end. */
class CsvReader extends LineReader {
  readonly #separator: number;
  /** From 0 on; -1 until the header has said it. */
  #column: number;
  #header: boolean;

  constructor(
    bytes: Uint8Array,
    private readonly options: ListFormat & { format: 'csv' },
  ) {
    super(bytes);
    const { column, separator, header } = options;
    this.#separator = separator.charCodeAt(0);
    this.#column = typeof column === 'number' ? column - 1 : -1;
    this.#header = header;
  }

  /** Comments are lines of their own here. */
  override read(start: number): number {
    const { bytes } = this;
    let end = start;
    while (end < bytes.length && bytes[end] !== BREAK) end++;
    this.problem = undefined;
    this.take(start, end);
    if (this.from === this.to) return end + 1;
    if (bytes[this.from] === HASH) this.take(end, end);
    else if (this.#header) this.#readHeader(this.from, this.to);
    else this.#takeField(this.from, this.to, this.#column);
    return end + 1;
  }

  #readHeader(from: number, to: number): void {
    this.#header = false;
    const { column } = this.options;
    if (typeof column === 'string') {
      const names = [...this.#fields(from, to)].map(([start, end]) => this.text(start, end));
      this.#column = names.indexOf(column);
      if (this.#column === -1) this.problem = unknownColumn(column, names);
      this.take(from, this.#column === -1 ? to : from);
    } else this.take(to, to);
  }

  #takeField(from: number, to: number, column: number): void {
    if (column === -1) {
      this.take(to, to); // the header was refused
      return;
    }
    let index = 0;
    for (const [start, end] of this.#fields(from, to)) {
      if (index++ < column) continue;
      this.take(start, end);
      if (this.from < this.to) return;
      break;
    }
    this.take(from, to);
    const nothing = index > column ? `has nothing in column ${column + 1}` : `has no column ${column + 1}`;
    const message = this.#isOpen ? 'has a quote that is not closed' : nothing;
    this.problem = { message, hint: 'Complete the line, or correct `column` and `separator` in the policy.' };
  }

  #isOpen = false;

  /** Start and end of each field, quotes left out. */
  *#fields(from: number, to: number): Generator<readonly [start: number, end: number]> {
    this.#isOpen = false;
    for (let at = from; at <= to; at++) {
      const start = at;
      if (this.bytes[at] === QUOTE) {
        do at = this.#closing(at + 1, to) + 1;
        while (this.bytes[at] === QUOTE); // "" inside stands for one
        if (at > to) {
          this.#isOpen = true;
          return;
        }
        yield [start + 1, at - 1];
        while (at < to && this.bytes[at] !== this.#separator) at++;
      } else {
        while (at < to && this.bytes[at] !== this.#separator) at++;
        yield [start, at];
      }
    }
  }

  #closing(from: number, to: number): number {
    let at = from;
    while (at < to && this.bytes[at] !== QUOTE) at++;
    return at;
  }
}

function unknownColumn(column: string, names: string[]): LineProblem {
  const meant = suggest(column, names);
  const message = `has no column ${quote(column)}: its columns are ${names.map(quote).join(', ')}`;
  const hint =
    meant === undefined ? 'Name one of them, or give its number.' : `Did you mean ${quote(meant)}?`;
  return { message, hint, fatal: true };
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN;
}

export function lineReader(bytes: Uint8Array, format: ListFormat): LineReader {
  if (format.format === 'csv') return new CsvReader(bytes, format);
  return format.format === 'ipset' ? new IpsetReader(bytes) : new LineReader(bytes);
}
