// A long list that changed in little: the lines that went are taken out of the set that it was, and those that came are put
// in, instead of parsing all of it. For that its last text is kept, sealed, beside what it was parsed to. Exact or not at
// all: where a line that went shares an address with another one, or one that came does, the whole text is parsed.
import type { Diagnostic } from '../../model/diagnostic.js';
import { loadRanges } from '../../disk/address-sets.js';
import { sha256 } from '../../disk/sha256.js';
import { ifReadable } from '../../disk/if-readable.js';
import type { ListCounts, ObjectStore } from '../../model/object-store.js';
import { MOST_SHARED } from '../../addresses/merge-pairs.js';
import { type AddressRanges, countRanges, intersect, subtract, union } from '../../addresses/ranges.js';
import { changedLines } from './changed-lines.js';
import { type ListFile, markLength, MOST_ENTRIES, type ParsedList, parseList } from './list-parser.js';

/** Bytes of the shortest text that is kept: all others are parsed in no time. */
const LONG = 1 << 18;
/** At most one byte in so many may have changed: from about there on, parsing all of it is faster. */
const SMALL_PART = 64;

/** Where texts are kept. */
export type TextStore = Pick<ObjectStore, 'get' | 'recallText' | 'rememberText'>;

/** What a list was parsed to. */
export interface ParsedText {
  bytes: Buffer;
  /** SHA-256 (hex) of the bytes. */
  text: string;
  /** Of its set. */
  digest: string;
  counts: ListCounts;
  /** Ranges of lines that have addresses in common with another one. */
  shared: AddressRanges;
}

interface Head extends Pick<ParsedText, 'text' | 'counts'> {
  shared: { four: number[]; six: number[] };
}

/** Keeps a text for the next time, in place of the one before it. `key` says which list it is, and how it is read. */
export function keepText(
  store: TextStore,
  key: string,
  { bytes, text, digest, counts, shared }: ParsedText,
): void {
  if (bytes.length < LONG || counts.skipped > 0 || counts.duplicates + counts.overlaps > MOST_SHARED) return;
  const { four, six } = shared;
  const head: Head = { text, counts, shared: { four: [...four], six: [...six] } };
  const line = JSON.stringify(head);
  const seal = `${sha256(line)}\n${line}\n`;
  ifReadable(() => {
    store.rememberText(key, digest, Buffer.concat([Buffer.from(seal), bytes]));
  });
}

/** What `parseList` makes of a list, from the text and the set that it was; `undefined` when all of it has to be parsed. */
export function patchList(
  store: TextStore,
  key: string,
  list: ListFile & { bytes: Buffer },
): ParsedList | undefined {
  // A header says what the lines behind it mean.
  if (list.bytes.length < LONG || list.format.format === 'csv') return undefined;
  const known = recallText(store, key);
  const lines = known && collectChanges(behindMark(known.bytes), behindMark(list.bytes));
  if (!lines) return undefined;
  const went = parsePart(list, lines.went);
  const came = parsePart(list, lines.came);
  if (!went || !came || countRanges(intersect(went.ranges, known.shared)) > 0) return undefined;
  const was = ifReadable(() => loadRanges(store, known.digest));
  if (!was) return undefined;
  const left = subtract(was, went.ranges);
  if (countRanges(intersect(came.ranges, left)) > 0) return undefined;
  const entries = known.counts.entries - went.entries + came.entries;
  if (entries > MOST_ENTRIES) return undefined;
  return {
    ranges: union(left, came.ranges),
    shared: union(known.shared, came.shared),
    entries,
    duplicates: known.counts.duplicates + came.duplicates,
    overlaps: known.counts.overlaps + came.overlaps,
    skipped: 0,
  };
}

function recallText(store: TextStore, key: string): ParsedText | undefined {
  const kept = ifReadable(() => store.recallText(key));
  if (!kept) return undefined;
  const { bytes: sealed, digest } = kept;
  const line = sealed.indexOf('\n') + 1;
  const start = sealed.indexOf('\n', line) + 1;
  const head = sealed.toString('utf8', line, start - 1);
  if (start === 0 || sealed.toString('latin1', 0, line - 1) !== sha256(head)) return undefined;
  const { counts, shared, text } = JSON.parse(head) as Head;
  const bytes = sealed.subarray(start);
  if (sha256(bytes) !== text) return undefined;
  const ranges = { four: Uint32Array.from(shared.four), six: Uint32Array.from(shared.six) };
  return { bytes, text, digest, counts, shared: ranges };
}

/** A byte order mark is one in front of a text alone: behind a line that came it is part of what that line says. */
function behindMark(bytes: Buffer): Buffer {
  return bytes.subarray(markLength(bytes));
}

/** All lines that went and all that came; `undefined` when that is much of the list. */
function collectChanges(old: Buffer, now: Buffer): Record<'went' | 'came', Buffer> | undefined {
  const [went, came]: [Uint8Array[], Uint8Array[]] = [[], []];
  let left = now.length / SMALL_PART;
  for (const hunk of changedLines(old, now)) {
    went.push(hunk.went);
    came.push(hunk.came);
    left -= hunk.went.length + hunk.came.length;
    if (left < 0) return undefined;
  }
  return { went: Buffer.concat(went), came: Buffer.concat(came) };
}

/** `undefined` when something is wrong with it: where, is known when all of it is parsed. */
function parsePart({ file, format }: ListFile, bytes: Buffer): ParsedList | undefined {
  // Within the text such bytes are no byte order mark.
  if (bytes.includes(MARK)) return undefined;
  const problems: Diagnostic[] = [];
  const parsed = parseList({ file, bytes, format, skipBad: false }, problems);
  return problems.length === 0 ? parsed : undefined;
}

const MARK = '\ufeff';
