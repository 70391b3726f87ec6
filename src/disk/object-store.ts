// Object files and policies by content. On disk nothing is written that is there already, and nothing is given out whose
// hash is not its name. The memory store is for commands that may write nothing.
import { join } from 'node:path';
import * as z from 'zod';
import { makeFolder, replaceFile } from './durable.js';
import { accessFailed, errnoCode, writeFailed } from './failure.js';
import { JournalError } from '../model/errors.js';
import type { CompileRecord, ObjectKind, ObjectStore } from '../model/object-store.js';
import { readIfThere } from './read.js';
import { sha256 } from './sha256.js';

const compileRecord = z.object({ object: z.string(), inputs: z.record(z.string(), z.string()) });

/** `<dataDir>/objects/<sha256>.o`, `.policy` and `compiled/<key>.json`. `put` and `rememberCompile` need the writer lock. */
export class DiskObjectStore implements ObjectStore {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'objects');
  }

  put(bytes: Uint8Array, kind: ObjectKind = 'o'): string {
    const object = sha256(bytes);
    const path = this.#objectPath(object, kind);
    const kept = readIfThere(path);
    if (kept === undefined || sha256(kept) !== object) this.#write(path, bytes);
    return object;
  }

  get(object: string, kind: ObjectKind = 'o'): Uint8Array {
    const path = this.#objectPath(object, kind);
    const bytes = readIfThere(path);
    const hint = 'Run `xdpkeep reconcile` with the state files that it came from: that restores it.';
    if (bytes === undefined) throw new JournalError(`the object ${path} is missing`, { hint });
    if (sha256(bytes) === object) return bytes;
    throw new JournalError(`the object ${path} is not what was written`, { hint });
  }

  recallCompile(key: string): CompileRecord | undefined {
    const bytes = readIfThere(this.#recordPath(key));
    return bytes && parseRecord(bytes.toString());
  }

  rememberCompile(key: string, record: CompileRecord): void {
    this.#write(this.#recordPath(key), `${JSON.stringify(record)}\n`);
  }

  #write(path: string, content: Uint8Array | string): void {
    try {
      makeFolder(join(this.#folder, '..'), 0o700);
      makeFolder(this.#folder, 0o700);
      makeFolder(join(this.#folder, 'compiled'), 0o700);
      replaceFile(path, content);
    } catch (error) {
      if (['EACCES', 'EPERM'].includes(errnoCode(error) ?? '')) throw accessFailed(`write ${path}`, error);
      throw writeFailed(`write ${path}`, error);
    }
  }

  #objectPath(object: string, kind: ObjectKind): string {
    return join(this.#folder, `${object}.${kind}`);
  }

  #recordPath(key: string): string {
    return join(this.#folder, 'compiled', `${key}.json`);
  }
}

/** Keeps what is put into it, and reads through to the store beneath, if there is one. */
export class MemoryObjectStore implements ObjectStore {
  readonly #objects = new Map<string, Uint8Array>();
  readonly #records = new Map<string, CompileRecord>();

  constructor(private readonly beneath?: ObjectStore) {}

  put(bytes: Uint8Array): string {
    const object = sha256(bytes);
    this.#objects.set(object, bytes);
    return object;
  }

  get(object: string, kind?: ObjectKind): Uint8Array {
    const bytes = this.#objects.get(object) ?? this.beneath?.get(object, kind);
    if (bytes) return bytes;
    throw new JournalError(`the object ${object} is missing`);
  }

  recallCompile(key: string): CompileRecord | undefined {
    return this.#records.get(key) ?? this.beneath?.recallCompile(key);
  }

  rememberCompile(key: string, record: CompileRecord): void {
    this.#records.set(key, record);
  }
}

/** A record is only a memory of work done: a damaged one is as good as none. */
function parseRecord(text: string): CompileRecord | undefined {
  try {
    return compileRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
