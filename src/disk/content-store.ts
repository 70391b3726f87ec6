// Files that are named by their content, in one folder. Nothing is written that is there already, and nothing is given
// out whose hash is not its name.
import { dirname, join } from 'node:path';
import { makeFolder, replaceFile } from './durable.js';
import { accessFailed, errnoCode, writeFailed } from './failure.js';
import { JournalError } from '../model/errors.js';
import { readIfThere } from './read.js';
import { sha256 } from './sha256.js';

export interface ContentKind {
  /** In the data directory. */
  folder: string;
  /** With its dot. */
  extension: string;
  /** `object`: completes "the ... PATH is missing". */
  noun: string;
  hint: string;
}

/** `<dataDir>/<folder>/<sha256><extension>`. Writing needs the writer lock. */
export class ContentStore {
  constructor(
    private readonly dataDir: string,
    private readonly kind: ContentKind,
  ) {}

  /** The hash (hex). A file that is not its hash any more is replaced. */
  put(bytes: Uint8Array): string {
    const hash = sha256(bytes);
    const kept = readIfThere(this.#path(hash));
    if (kept === undefined || sha256(kept) !== hash) {
      writeKept(this.dataDir, this.kind.folder, hash + this.kind.extension, bytes);
    }
    return hash;
  }

  /** Throws a JournalError when it is missing or not what was written. */
  get(hash: string): Uint8Array {
    const path = this.#path(hash);
    const { noun, hint } = this.kind;
    const bytes = readIfThere(path);
    if (bytes === undefined) throw new JournalError(`the ${noun} ${path} is missing`, { hint });
    if (sha256(bytes) === hash) return bytes;
    throw new JournalError(`the ${noun} ${path} is not what was written`, { hint });
  }

  #path(hash: string): string {
    return join(this.dataDir, this.kind.folder, hash + this.kind.extension);
  }
}

/** Writes a file of a folder of the data directory; folders are made where they are missing, for root alone. */
export function writeKept(dataDir: string, folder: string, name: string, content: Uint8Array | string): void {
  const path = join(dataDir, folder, name);
  try {
    for (const part of ['.', dirname(folder), folder]) makeFolder(join(dataDir, part), 0o700);
    replaceFile(path, content);
  } catch (error) {
    if (['EACCES', 'EPERM'].includes(errnoCode(error) ?? '')) throw accessFailed(`write ${path}`, error);
    throw writeFailed(`write ${path}`, error);
  }
}
