// The bytes of a list -> its addresses. Refused: every line whose entry is no address or network, by line and column,
// and lists that do not fit into memory; unless bad lines are to be skipped, which are then counted and told.
import type { Diagnostic } from '../../model/diagnostic.js';
import type { Cidr } from '../../addresses/cidr.js';
import { writeNetwork } from '../../addresses/networks.js';
import type { Progress } from '../../model/progress.js';
import type { MergedRanges } from '../../addresses/merge-pairs.js';
import { mergeRanges } from '../../addresses/merge-ranges.js';
import { type AddressRanges, type Width, widthOf } from '../../addresses/ranges.js';
import { parseCidr } from '../../addresses/parse.js';
import { NetworkBytes } from '../../addresses/parse-bytes.js';
import { type LinesRead, parseFourLines } from '../../addresses/parse-four-lines.js';
import { moreProblems } from '../yaml/document.js';
import { type ListFormat, lineReader } from './list-formats.js';
import { type Place, Source } from '../yaml/source.js';
import { MOST_PROBLEMS } from '../yaml/syntax.js';
import type { Problem } from '../../text/wording.js';

/** More would not fit into the memory of this process. */
const MOST_ENTRIES = 5_000_000;
/** Bytes of a line, roughly: so much room there is from the start. */
const USUAL_LINE = 14;
/** Lines between two calls of a progress callback. */
const PACE = 1 << 15;
/** Skipped lines that are named. */
const MOST_NAMED = 3;

export interface ParsedList {
  ranges: AddressRanges;
  /** Lines with an address or network. */
  entries: number;
  /** Of those the ones that say what another one says, */
  duplicates: number;
  /** and the ones that lie in another one or reach into it. */
  overlaps: number;
  /** Bad lines. */
  skipped: number;
}

export interface ListFile {
  /** Relative to the state directory. */
  file: string;
  bytes: Uint8Array;
  format: ListFormat;
  skipBad: boolean;
  progress?: Progress | undefined;
}

/** Incomplete after new `problems` that are errors. The bytes are UTF-8. */
export function parseList(list: ListFile, problems: Diagnostic[]): ParsedList {
  const { bytes, file, progress } = list;
  const lines = lineReader(bytes, list.format);
  const isPlain = list.format.format !== 'csv';
  const network = new NetworkBytes();
  const collected = { 4: new Collector(4, bytes.length), 6: new Collector(6) };
  const bad = new BadLines(list);
  let line = 1;
  const count = (): number => collected[4].count + collected[6].count;
  for (let start = markLength(bytes); start < bytes.length; line++) {
    if (isPlain) {
      const read = collected[4].addLines(
        bytes,
        start,
        Math.min(PACE - (line % PACE), MOST_ENTRIES - count()),
      );
      line += read.lines;
      start = read.next;
      if (start >= bytes.length) break;
    }
    const next = lines.read(start);
    const { from, to, problem } = lines;
    if (problem) bad.add({ start, next, from, to, line }, { summary: 'bad line', ...problem });
    else if (from < to) {
      const family = network.read(bytes, from, to);
      const read = family === 0 ? readText(bytes, from, to) : undefined;
      if (family !== 0) collected[family].add(network.words);
      else if (read && 'message' in read) bad.add({ start, next, from, to, line }, read);
      else if (read) collected[read.family].addNetwork(read);
    }
    if (count() > MOST_ENTRIES) {
      problems.push(tooMany(file, placeOf(list, { start, next, from, to, line })));
      break;
    }
    start = next;
    if (line % PACE === 0) progress?.({ doing: `reading ${file}`, done: start, total: bytes.length });
  }
  problems.push(...bad.report());
  const [four, six] = [collected[4].merge(), collected[6].merge()];
  return {
    ranges: { four: four.words, six: six.words },
    entries: collected[4].count + collected[6].count,
    duplicates: four.duplicates + six.duplicates,
    overlaps: four.overlaps + six.overlaps,
    skipped: bad.count,
  };
}

/** Byte order mark. */
const MARK = [0xef, 0xbb, 0xbf];

/** Bytes of the byte order mark in front of a text, if there is one. */
function markLength(bytes: Uint8Array): number {
  return MARK.every((byte, at) => bytes[at] === byte) ? MARK.length : 0;
}

/** What is left for the way of text; `undefined` for nothing but blanks. */
function readText(bytes: Uint8Array, from: number, to: number): Cidr | Problem | undefined {
  const text = new TextDecoder().decode(bytes.subarray(from, to)).trim();
  return text === '' ? undefined : parseCidr(text);
}

/** Ranges of one family, as they come. */
class Collector {
  count = 0;
  readonly #width: Width;
  #words: Uint32Array;

  /** `bytes`: of a file that may be full of them. */
  constructor(family: 4 | 6, bytes = 0) {
    this.#width = widthOf(family);
    const lines = Math.min(MOST_ENTRIES, Math.floor(bytes / USUAL_LINE));
    this.#words = new Uint32Array(Math.max(1 << 10, lines * 2 * this.#width));
  }

  add(words: Uint32Array): void {
    const at = this.#reserve();
    for (let word = 0; word < 2 * this.#width; word++) this.#words[at + word] = words[word] ?? 0;
  }

  /** Those IPv4 lines from `start` on that are nothing but an address or network, at most so many. */
  addLines(bytes: Uint8Array, start: number, most: number): LinesRead {
    this.#growFor(1);
    const room = this.#words.length / 2 - this.count;
    const read = parseFourLines(bytes, start, this.#words, 2 * this.count, Math.min(most, room));
    this.count += read.lines;
    return read;
  }

  addNetwork(network: Cidr): void {
    const at = this.#reserve(); // before the words are looked at: they may be others then
    writeNetwork(this.#words, at, network, this.#width);
  }

  merge(): MergedRanges {
    return mergeRanges(this.#words.subarray(0, this.count * 2 * this.#width), this.#width);
  }

  #reserve(): number {
    this.#growFor(1);
    return this.count++ * 2 * this.#width;
  }

  #growFor(more: number): void {
    if ((this.count + more) * 2 * this.#width <= this.#words.length) return;
    const larger = new Uint32Array(2 * this.#words.length);
    larger.set(this.#words);
    this.#words = larger;
  }
}

interface Line {
  start: number;
  next: number;
  from: number;
  to: number;
  /** From 1 on. */
  line: number;
}

function placeOf({ bytes, file }: ListFile, { start, next, from, to, line }: Line): Place {
  const text = (first: number, end: number): string => new TextDecoder().decode(bytes.subarray(first, end));
  const before = text(start, from).length;
  const { at, ...place } = new Source(file, text(start, next)).placeAt(
    before,
    before + text(from, to).length,
  );
  return { ...place, at: { ...at, line } };
}

const HEADER =
  'If the first line names the columns, write `header: true` into the list options of the policy.';

class BadLines {
  count = 0;
  /** Those that cannot be skipped, or may not. */
  #fatal = 0;
  readonly #first: Diagnostic[] = [];

  constructor(private readonly list: ListFile) {}

  add(line: Line, { summary = 'invalid address', message, hint, fatal }: Problem & { fatal?: true }): void {
    this.count++;
    if (fatal ?? !this.list.skipBad) this.#fatal++;
    if (this.#first.length === MOST_PROBLEMS && !fatal) return;
    const { bytes } = this.list;
    const words = /\s/.test(new TextDecoder().decode(bytes.subarray(line.from, line.to)));
    const place = placeOf(this.list, line);
    const isHeader = this.list.format.format === 'csv' && line.line === 1;
    const hinted =
      hint ??
      (isHeader
        ? HEADER
        : words
          ? 'Write one address or network a line, and comments behind "#".'
          : undefined);
    this.#first.push({
      severity: (fatal ?? !this.list.skipBad) ? 'error' : 'warning',
      summary,
      detail: `the line ${message}`,
      ...(hinted !== undefined && { hint: hinted }),
      ...place,
    });
  }

  report(): Diagnostic[] {
    const { file } = this.list;
    const [first] = this.#first;
    if (!first) return [];
    if (this.#fatal > 0) {
      const errors = this.#first.filter(({ severity }) => severity === 'error');
      return this.#fatal > errors.length
        ? [...errors, moreProblems(file, this.#fatal - errors.length)]
        : errors;
    }
    return [skippedLines(file, this.count, first, this.#first)];
  }
}

function skippedLines(file: string, count: number, first: Diagnostic, named: Diagnostic[]): Diagnostic {
  const lines = named.slice(0, MOST_NAMED).map(({ at }) => at.line);
  const others = count > lines.length ? ` and ${count - lines.length} more` : '';
  const said = `${count === 1 ? 'line' : 'lines'} ${lines.join(', ')}${others}`;
  return {
    ...first,
    severity: 'warning',
    summary: 'bad lines skipped',
    detail: `${file}: ${count} of its lines ${count === 1 ? 'is' : 'are'} no address or network and left out: ${said}`,
    hint: 'Correct them, or where they come from: `skipBad` in a policy lets them be.',
  };
}

function tooMany(file: string, place: Place): Diagnostic {
  return {
    severity: 'error',
    summary: 'list too long',
    detail: `${file} has more than ${MOST_ENTRIES} addresses and networks`,
    hint: 'Join neighbouring networks into wider ones.',
    ...place,
  };
}
