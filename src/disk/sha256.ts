// The one hash of the project: it names objects and instances, chains the journal and seals documents.
import { createHash } from 'node:crypto';

/** Hex. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
