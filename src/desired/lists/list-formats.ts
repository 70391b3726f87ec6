// Finds the address in a line. A line without one (a comment, a header, `create`) is skipped. Several sets in one file are refused
// unless one is named: an allow list beside a block list must not become part of it.
import { suggest } from '../../text/suggest.js';
import { quote } from '../../text/wording.js';

const [TAB, BREAK, RETURN, SPACE, HASH] = [0x09, 0x0a, 0x0d, 0x20, 0x23];

/** How a list is written. */
export type ListFormat =
  | { format: 'plain' }
  /** `set`: of several in a file the one that is meant. */
  | { format: 'ipset'; set?: string }
  | {
      format: 'csv';
      /** One column of addresses and networks, or two with the first and the last address of a range. */
      columns: [column: Column] | [start: Column, end: Column];
      /** Nobody has named a column: an address in the one behind it is the last of a range. */
      rangeIfAddress?: true;
      separator: string;
      header: boolean;
    };

/** Its number, from 1 on, or its name in the header. */
export type Column = number | string;

export interface LineProblem {
  /** Default: `bad line`. */
  summary?: string;
  message: string;
  hint: string;
  /** What the rest of the list means depends on it: it cannot be skipped. */
  fatal?: true;
}

/** Finds the entry of one line after another: bytes[from..to), without blanks around; none if they are equal. */
export class LineReader {
  from = 0;
  to = 0;
  /** Where the last address of a range is, if the entry is one. */
  last: { from: number; to: number } | undefined;
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

  /** What is wrong with the whole, once every line was read. */
  finish(): LineProblem | undefined {
    return undefined;
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
export class IpsetReader extends LineReader {
  /** The one that is read: the one that is named, else the first. */
  #set: string | undefined;
  readonly #names = new Set<string>();

  constructor(
    bytes: Uint8Array,
    private readonly wanted: string | undefined,
  ) {
    super(bytes);
    this.#set = wanted;
  }

  override read(start: number): number {
    const next = super.read(start);
    this.problem = undefined;
    const { from, to } = this;
    if (this.startsWith('add ', from)) this.#takeAdded(from + 4, to, next - 1);
    else if (this.startsWith('create ', from)) this.#passCreated(from, to);
    else if (from < to && this.wanted !== undefined)
      this.problem = {
        message: 'is of no set',
        hint: 'Leave `set` out, or write `add NAME ADDRESS`.',
        fatal: true,
      };
    return next;
  }

  override finish(): LineProblem | undefined {
    const { wanted } = this;
    if (wanted === undefined || this.#names.has(wanted)) return undefined;
    const meant = suggest(wanted, [...this.#names]);
    const there = [...this.#names].map(quote).join(', ') || 'none';
    const hint = meant === undefined ? 'Name one of them.' : `Did you mean ${quote(meant)}?`;
    return { message: `has no set ${quote(wanted)}: its sets are ${there}`, hint, fatal: true };
  }

  /** Behind `create NAME TYPE`; a member of such a set is not what it looks like. */
  #passCreated(from: number, to: number): void {
    const [, name = '', ...options] = optionsIn(this.text(from, to));
    const mask = options.slice(1).find(isMask);
    if (!this.#isMeant(name, from, to)) {
      if (!this.problem) this.take(to, to);
    } else if (mask === undefined) this.take(to, to);
    else {
      const hint = 'Write the networks that are meant: `add NAME 10.1.1.0/24`.';
      const message = `makes a set whose members are more than they say (\`${mask}\`)`;
      this.problem = { message, hint, fatal: true };
    }
  }

  /** False also for a second set where none is named, which is a problem. */
  #isMeant(name: string, from: number, to: number): boolean {
    this.#names.add(name);
    this.#set ??= name;
    if (this.#set === name) return true;
    if (this.wanted === undefined) {
      const message = `is of the set ${quote(name)}, and lines before it are of ${quote(this.#set)}`;
      const hint = `Name the one that is meant in the list options of the policy: \`set: ${this.#set}\`.`;
      this.take(from, to);
      this.problem = { summary: 'several sets', message, hint, fatal: true };
    }
    return false;
  }

  #takeAdded(from: number, to: number, lineEnd: number): void {
    this.take(from, to);
    const nameEnd = this.wordEnd(this.from, to);
    const isMeant = this.#isMeant(this.text(this.from, nameEnd), from, to);
    if (this.problem) return;
    this.take(isMeant ? nameEnd : to, to); // behind the name of the set
    if (!isMeant) return;
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

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN;
}
