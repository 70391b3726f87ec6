// The bytes of a state file, as text. Refused: over its limit of bytes, not UTF-8, and whatever paths.ts refuses.
// A byte order mark is tolerated: it says nothing that UTF-8 would not.
import { isUtf8 } from 'node:buffer';
import { sha256 } from '../disk/sha256.js';
import type { Diagnostic } from '../model/diagnostic.js';
import { readInside, UnusableFileError } from './paths.js';
import { Source } from './yaml/source.js';

/** Bytes. */
export const STATE_FILE_LIMIT = 4 << 20;

/** `limit` in bytes. `undefined` after a problem, which is then the last one of `problems`. */
export function readStateFile(
  stateDir: string,
  file: string,
  problems: Diagnostic[],
  limit = STATE_FILE_LIMIT,
): Source | undefined {
  const bytes = readStateBytes(stateDir, file, problems, limit);
  if (!bytes) return undefined;
  if (isUtf8(bytes)) return new Source(file, new TextDecoder().decode(bytes), sha256(bytes));
  problems.push(notUtf8(file, bytes));
  return undefined;
}

/** The same without a look at the bytes. */
export function readStateBytes(
  stateDir: string,
  file: string,
  problems: Diagnostic[],
  limit: number,
): Buffer | undefined {
  try {
    return readInside(stateDir, file, limit);
  } catch (error) {
    if (!(error instanceof UnusableFileError)) throw error;
    const { summary, message, hint } = error;
    const detail = `${file} cannot be used: ${message}`;
    problems.push({
      severity: 'error',
      summary,
      detail,
      hint,
      at: { file, line: 1, column: 1 },
    });
  }
  return undefined;
}

/** Of bytes that are not: which one it is. */
export function notUtf8(file: string, bytes: Uint8Array): Diagnostic {
  const badByte = firstReplaced(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  const before = new TextDecoder().decode(bytes.subarray(0, badByte));
  const value = bytes[badByte]?.toString(16).padStart(2, '0') ?? '';
  return {
    severity: 'error',
    summary: 'not UTF-8',
    detail: `byte ${badByte + 1} of the file (0x${value}) is not UTF-8 text`,
    hint: 'Save the file as UTF-8.',
    ...new Source(file, before).placeAt(before.length),
  };
}

/** Offset of the first byte that starts no valid sequence: decoding puts U+FFFD for what is invalid; the first one that is not itself in the file marks the byte. */
function firstReplaced(bytes: Buffer): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let offset = 0;
  let from = 0;
  for (;;) {
    const at = text.indexOf('\ufffd', from);
    offset += Buffer.byteLength(text.slice(from, at));
    if (bytes.toString('hex', offset, offset + 3) !== 'efbfbd') return offset;
    offset += 3;
    from = at + 1;
  }
}
