// Object files by content, and what they were compiled from. The memory store is for commands that may write nothing.
import { join } from 'node:path';
import * as z from 'zod';
import { ContentStore, writeKept } from './content-store.js';
import { JournalError } from '../model/errors.js';
import type { CompileRecord, ObjectStore } from '../model/object-store.js';
import { readIfThere } from './read.js';
import { sha256 } from './sha256.js';

const compileRecord = z.object({ object: z.string(), inputs: z.record(z.string(), z.string()) });

/** `<dataDir>/objects/<sha256>.o` and `objects/compiled/<key>.json`. `put` and `rememberCompile` need the writer lock. */
export class DiskObjectStore implements ObjectStore {
  readonly #objects: ContentStore;

  constructor(private readonly dataDir: string) {
    this.#objects = new ContentStore(dataDir, {
      folder: 'objects',
      extension: '.o',
      noun: 'object',
      hint: 'Run `xdpkeep reconcile` with the state files that it came from: that restores it.',
    });
  }

  put(bytes: Uint8Array): string {
    return this.#objects.put(bytes);
  }

  get(object: string): Uint8Array {
    return this.#objects.get(object);
  }

  recallCompile(key: string): CompileRecord | undefined {
    const bytes = readIfThere(join(this.dataDir, COMPILED, `${key}.json`));
    return bytes && parseRecord(bytes.toString());
  }

  rememberCompile(key: string, record: CompileRecord): void {
    writeKept(this.dataDir, COMPILED, `${key}.json`, `${JSON.stringify(record)}\n`);
  }
}

const COMPILED = 'objects/compiled';

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

  get(object: string): Uint8Array {
    const bytes = this.#objects.get(object) ?? this.beneath?.get(object);
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
