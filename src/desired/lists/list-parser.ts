// Parses the bytes of a list into addresses. Refused: every line whose entry is not an address or network, with line and column, and lists
// that do not fit into memory. With `skipBad`, bad lines are counted and reported instead.
import type { Diagnostic } from '../../model/diagnostic.js';
import type { Progress } from '../../model/progress.js';
import type { AddressRanges } from '../../addresses/ranges.js';
import { moreProblems } from '../yaml/document.js';
import { Collector, MOST_ENTRIES } from './list-collector.js';
import { EntryReader } from './list-entry.js';
import type { ListFormat } from './list-formats.js';
import { lineReader } from './list-readers.js';
import { type Place, Source } from '../yaml/source.js';
import { MOST_PROBLEMS } from '../yaml/syntax.js';
import type { Problem } from '../../text/wording.js';

/** Lines between two calls of a progress callback. */
const PACE = 1 << 15;
/** How many skipped lines a warning names. */
const MOST_NAMED = 3;

export interface ParsedList {
  ranges: AddressRanges;
  /** Lines with an address or network. */
  entries: number;
  /** Lines equal to another one. */
  duplicates: number;
  /** Lines that another one contains or overlaps. */
  overlaps: number;
  /** Bad lines. */
  skipped: number;
  /** Number of addresses in the largest entry of each family; 0 without entries; above 2^53 rounded to a double. */
  widest: Record<4 | 6, number>;
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
  const isPlain = list.format.format !== 'csv' && !('set' in list.format);
  const entry = new EntryReader(bytes);
  let mapped: Line | undefined;
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
      const family = entry.read(lines);
      if (family) collected[family].add(entry.words);
      else if (entry.problem) bad.add({ start, next, from, to, line }, entry.problem);
      if (entry.isMapped) mapped ??= { start, next, from, to, line };
    }
    if (count() > MOST_ENTRIES) {
      problems.push(tooMany(file, placeOf(list, { start, next, from, to, line })));
      break;
    }
    start = next;
    if (line % PACE === 0) progress?.({ doing: `reading ${file}`, done: start, total: bytes.length });
  }
  const whole = lines.finish();
  if (whole) bad.add({ start: 0, next: 0, from: 0, to: 0, line: 1 }, { summary: 'unknown set', ...whole });
  problems.push(...bad.report());
  if (mapped) problems.push(takenForFour(placeOf(list, mapped)));
  const [four, six] = [collected[4].merge(), collected[6].merge()];
  return {
    ranges: { four: four.words, six: six.words },
    entries: collected[4].count + collected[6].count,
    duplicates: four.duplicates + six.duplicates,
    overlaps: four.overlaps + six.overlaps,
    skipped: bad.count,
    widest: { 4: collected[4].widest(), 6: collected[6].widest() },
  };
}

/** Byte order mark. */
const MARK = [0xef, 0xbb, 0xbf];

/** Bytes of the byte order mark in front of a text, if there is one. */
function markLength(bytes: Uint8Array): number {
  return MARK.every((byte, at) => bytes[at] === byte) ? MARK.length : 0;
}

export interface Line {
  start: number;
  next: number;
  from: number;
  to: number;
  /** From 1 on. */
  line: number;
}

export function placeOf({ bytes, file }: ListFile, { start, next, from, to, line }: Line): Place {
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

/** Told once for a list. */
function takenForFour(place: Place): Diagnostic {
  return {
    severity: 'warning',
    summary: 'IPv4-mapped address',
    detail: `IPv4-mapped addresses (\`::ffff:192.0.2.1\`) are taken for the IPv4 ones: no packet has them; this is the first`,
    hint: 'Write them as IPv4, or let them be.',
    ...place,
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
