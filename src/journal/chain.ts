// The hash chain of the journal: each line carries the SHA-256 of the line before. Finds the first line that breaks the chain. Works on
// bytes and opens no file. An unfinished last line is torn, which is not damage: its writing was interrupted.
import { isUtf8 } from 'node:buffer';
import { sha256 } from '../disk/sha256.js';
import type { JournalDamage, JournalRecord } from '../model/record.js';
import { parseRecord } from './record-schema.js';

export interface JournalContents {
  /** The records before the damage, in the order of `seq`. */
  records: JournalRecord[];
  damage?: JournalDamage;
  /** Records after the damage that can still be parsed. The chain does not protect them: they are only shown. */
  unverified: JournalRecord[];
  /** Bytes after the last line break: a line whose writing was interrupted. */
  torn?: Uint8Array;
  /** Number of bytes up to the last line break, inclusive. */
  size: number;
  /** The `prev` of the next record. */
  head: string;
}

/** `prev` of the first record. */
export const NO_PREVIOUS = '0'.repeat(64);

const LINE_BREAK = 0x0a;

/** A record as its line, with the line break. */
export function formatLine(record: JournalRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

/** `prev` of the record after this line. `line` may end with its line break. */
export function hashLine(line: Uint8Array): string {
  return sha256(line.at(-1) === LINE_BREAK ? line.subarray(0, -1) : line);
}

/** Parses and checks a whole journal. Never throws: damage is part of the result. */
export function readChain(bytes: Buffer): JournalContents {
  const size = bytes.lastIndexOf(LINE_BREAK) + 1;
  const lines = splitLines(bytes.subarray(0, size)).map(readLine);
  const damage = findDamage(lines);
  const trusted = damage ? damage.line - 1 : lines.length;
  return {
    records: recordsOf(lines.slice(0, trusted)),
    unverified: recordsOf(lines.slice(trusted)),
    ...(damage && { damage }),
    ...(size < bytes.length && { torn: bytes.subarray(size) }),
    size,
    head: lines.at(-1)?.hash ?? NO_PREVIOUS,
  };
}

/** A line break never occurs inside a record: JSON escapes it. */
function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LINE_BREAK, start);
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

interface Line {
  hash: string;
  /** The record, or the reason why the line is not one. */
  content: JournalRecord | string;
}

function readLine(bytes: Buffer): Line {
  const content = isUtf8(bytes) ? parseRecord(bytes.toString()) : 'it is not UTF-8';
  return { hash: hashLine(bytes), content };
}

function recordsOf(lines: Line[]): JournalRecord[] {
  return lines.map(({ content }) => content).filter((content) => typeof content !== 'string');
}

function findDamage(lines: Line[]): JournalDamage | undefined {
  for (const [index, { content }] of lines.entries()) {
    const line = index + 1;
    if (typeof content === 'string') return { line, reason: content };
    if (content.seq !== line)
      return { line, reason: `its seq is ${content.seq} where ${line} has to follow` };
    const expected = lines[index - 1]?.hash ?? NO_PREVIOUS;
    if (content.prev !== expected) return blame(lines, index);
  }
  return undefined;
}

/**
 * Finds which line was changed when line `index` does not carry the hash of the line before: line `index` itself if the line after it
 * recorded another hash of it, or if it is the first; otherwise the line before it.
 */
function blame(lines: Line[], index: number): JournalDamage {
  const line = index + 1;
  if (index === 0) return { line, reason: 'it continues a line that is not there' };
  const next = lines[index + 1]?.content;
  if (next !== undefined && typeof next !== 'string' && next.prev !== lines[index]?.hash) {
    return { line, reason: `it does not have the hash that line ${line + 1} recorded of it` };
  }
  return { line: line - 1, reason: `it does not have the hash that line ${line} recorded of it` };
}
