// Sealed documents: JSON content with its SHA-256 beside it, so that an edit is noticed. A document with a wrong hash is an error, never
// the same as a missing one.
import * as z from 'zod';
import { removeFile, replaceFile } from '../disk/durable.js';
import { writeFailed } from '../disk/failure.js';
import { sha256 } from '../disk/sha256.js';
import { JournalError } from '../model/errors.js';
import type { WriterLock } from './lock.js';

const envelope = z.strictObject({
  apiVersion: z.literal('xdpkeep/v1'),
  kind: z.string(),
  sha256: z.string(),
  content: z.unknown(), // of a JSON document, and so JSON
});

/** Characters. A longer document is written without indentation: that is twice as fast, and nobody reads it. */
const LONG = 65_536;

/** What a long document has in front of its content, which ends two characters before the document. */
const LONG_HEAD = /^\{"apiVersion":"[^"]*","kind":"[^"]*","sha256":"[^"]*","content":/;
const LONG_END = '}\n';

/** The text of a sealed document. The hash is that of the content as compact JSON. */
export function seal(kind: string, content: object): string {
  const text = JSON.stringify(content);
  const head = { apiVersion: 'xdpkeep/v1', kind, sha256: sha256(text) };
  if (text.length > LONG) return `${JSON.stringify(head).slice(0, -1)},"content":${text}${LONG_END}`;
  return `${JSON.stringify({ ...head, content }, null, 2)}\n`;
}

/**
 * Writes a sealed document with this content, or removes the file when `content` is `undefined`. False when there was nothing to remove.
 * Throws a JournalError that says `what` could not be done.
 */
export function writeSealed(
  lock: WriterLock,
  path: string,
  kind: string,
  content: object | undefined,
  what: string,
): boolean {
  lock.assertHeld();
  try {
    if (content === undefined) return removeFile(path);
    replaceFile(path, seal(kind, content));
    return true;
  } catch (error) {
    throw writeFailed(what, error);
  }
}

/** The content of a sealed document of this kind. Throws a JournalError that names the path and carries the hint. */
export function unseal<T>(
  text: string,
  kind: string,
  schema: z.ZodType<T>,
  { path, hint }: { path: string; hint: string },
): T {
  const damaged = (reason: string) => new JournalError(`${path} is damaged: ${reason}`, { hint });
  const document = envelope.safeParse(parseJson(text));
  if (!document.success || document.data.kind !== kind) throw damaged(`it is not a ${kind} document`);
  const { content, sha256: recorded } = document.data;
  if (!isAsWritten(text, content, recorded)) throw damaged('its content is not what was written');
  const parsed = schema.safeParse(content);
  if (!parsed.success) throw damaged(z.prettifyError(parsed.error));
  return parsed.data;
}

/** The content of a long document is hashed as it stands, which takes half the time of writing its JSON once more. */
function isAsWritten(text: string, content: unknown, recorded: string): boolean {
  const head = LONG_HEAD.exec(text)?.[0];
  const stands = head !== undefined && text.endsWith(LONG_END);
  if (stands && sha256(text.slice(head.length, -LONG_END.length)) === recorded) return true;
  return sha256(JSON.stringify(content)) === recorded;
}

/** `undefined` when the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
