// Which reader finds the entries of a list, and that of tables.
import { parseAddress } from '../../addresses/parse.js';
import { suggest } from '../../text/suggest.js';
import { quote } from '../../text/wording.js';
import { IpsetReader, LineReader, type LineProblem, type ListFormat } from './list-formats.js';

const [BREAK, QUOTE, HASH] = [0x0a, 0x22, 0x23];

/** One column of a table; a field does not reach over a line's end. */
class CsvReader extends LineReader {
  readonly #separator: number;
  /** From 0 on; -1 until the header has said it. */
  #columns: number[];
  #header: boolean;

  constructor(
    bytes: Uint8Array,
    private readonly options: ListFormat & { format: 'csv' },
  ) {
    super(bytes);
    const { columns, separator, header } = options;
    this.#separator = separator.charCodeAt(0);
    this.#columns = columns.map((column) => (typeof column === 'number' ? column - 1 : -1));
    this.#header = header;
  }

  /** Comments are lines of their own here. */
  override read(start: number): number {
    const { bytes } = this;
    let end = start;
    while (end < bytes.length && bytes[end] !== BREAK) end++;
    this.problem = undefined;
    this.last = undefined;
    this.take(start, end);
    if (this.from === this.to) return end + 1;
    if (bytes[this.from] === HASH) this.take(end, end);
    else if (this.#header) this.#readHeader(this.from, this.to);
    else this.#takeFields(this.from, this.to);
    return end + 1;
  }

  #readHeader(from: number, to: number): void {
    this.#header = false;
    const { columns } = this.options;
    if (columns.every((column) => typeof column === 'number')) {
      this.take(to, to);
      return;
    }
    const names = [...this.#fields(from, to)].map(([start, end]) => this.text(start, end));
    this.#columns = columns.map((column) =>
      typeof column === 'number' ? column - 1 : names.indexOf(column),
    );
    const unknown = columns[this.#columns.indexOf(-1)];
    if (typeof unknown === 'string') this.problem = unknownColumn(unknown, names);
    this.take(from, unknown === undefined ? from : to);
  }

  /** The entry, and of a range the last address. */
  #takeFields(from: number, to: number): void {
    const [column = -1, named] = this.#columns;
    const end = named ?? this.#endOfRange(from, to);
    if (end !== undefined && column !== -1) {
      this.#takeField(from, to, end);
      if (this.problem) return;
      this.last = { from: this.from, to: this.to };
    }
    this.#takeField(from, to, column);
  }

  /** The second column, where nobody has named one and the first two hold addresses. */
  #endOfRange(from: number, to: number): number | undefined {
    if (this.options.rangeIfAddress !== true) return undefined;
    const texts: string[] = [];
    for (const [start, end] of this.#fields(from, to)) if (texts.push(this.text(start, end)) === 2) break;
    return texts.length === 2 && texts.every((text) => 'family' in parseAddress(text.trim())) ? 1 : undefined;
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

export function lineReader(bytes: Uint8Array, format: ListFormat): LineReader {
  if (format.format === 'csv') return new CsvReader(bytes, format);
  return format.format === 'ipset' ? new IpsetReader(bytes, format.set) : new LineReader(bytes);
}
