// Object files, policies and address sets, named by their SHA-256. Writes nothing twice, and returns nothing whose hash
// does not match its name. The memory store serves commands that must not write.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { makeFolder, removeFile, replaceFile } from './durable.js';
import { accessFailed, errnoCode, writeFailed } from './failure.js';
import type { Diagnostic } from '../model/diagnostic.js';
import { JournalError } from '../model/errors.js';
import type { CompileRecord, ListRecord, ObjectKind, ObjectStore } from '../model/object-store.js';
import { readIfThere } from './read.js';
import { sha256 } from './sha256.js';

const compileRecord: z.ZodType<CompileRecord> = z.object({
  object: z.string(),
  inputs: z.record(z.string(), z.string()),
});

const listRecord: z.ZodType<ListRecord> = z.object({
  digest: z.string(),
  ranges: z.number(),
  small: z.exactOptional(z.object({ four: z.array(z.number()), six: z.array(z.number()) })),
  counts: z.object({
    entries: z.number(),
    duplicates: z.number(),
    overlaps: z.number(),
    skipped: z.number(),
  }),
  warnings: z.array(z.custom<Diagnostic>((value) => typeof value === 'object')),
});

/** Folders of records, below that of the objects. */
export const RECORD_FOLDERS = ['compiled', 'lists', 'states'] as const;
type RecordFolder = (typeof RECORD_FOLDERS)[number];

/** `<dataDir>/objects/<sha256>.o`, `.policy`, `.set`; `compiled/<key>.json`, `lists/<key>.json`, `states/<SHA-256 of the host's name>.json`. Writing needs the writer lock. */
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
    return this.#recall('compiled', key, compileRecord);
  }

  rememberCompile(key: string, record: CompileRecord): void {
    this.#remember('compiled', key, record);
  }

  recallList(key: string): ListRecord | undefined {
    const record = this.#recall('lists', key, listRecord);
    return record && (record.small ?? existsSync(this.#objectPath(record.digest, 'set')))
      ? record
      : undefined;
  }

  rememberList(key: string, record: ListRecord): void {
    this.#remember('lists', key, record);
  }

  recallState(host: string): string | undefined {
    return readIfThere(this.#recordPath('states', sha256(host)))?.toString();
  }

  rememberState(host: string, text: string): void {
    this.#write(this.#recordPath('states', sha256(host)), text);
  }

  /** Digests of the address sets that are kept. */
  sets(): string[] {
    return this.#names('.').flatMap((name) => /^([0-9a-f]{64})\.set$/.exec(name)?.[1] ?? []);
  }

  /** Removes address sets, and what was remembered of the lists that they are. */
  removeSets(digests: ReadonlySet<string>): void {
    for (const digest of digests) removeFile(this.#objectPath(digest, 'set'));
    if (digests.size === 0) return;
    for (const key of this.#names('lists').flatMap((name) => /^(.*)\.json$/.exec(name)?.[1] ?? [])) {
      const record = this.#recall('lists', key, listRecord);
      if (record && digests.has(record.digest)) removeFile(this.#recordPath('lists', key));
    }
  }

  /** Removes the texts of long lists, which older builds kept. */
  removeTexts(): void {
    rmSync(join(this.#folder, 'texts'), { recursive: true, force: true });
  }

  #names(folder: string): string[] {
    const path = join(this.#folder, folder);
    return existsSync(path) ? readdirSync(path) : [];
  }

  /** A record is only a memory of work done: a damaged one is as good as none. */
  #recall<T>(folder: RecordFolder, key: string, schema: z.ZodType<T>): T | undefined {
    const bytes = readIfThere(this.#recordPath(folder, key));
    try {
      return bytes && schema.parse(JSON.parse(bytes.toString()));
    } catch {
      return undefined;
    }
  }

  #remember(folder: RecordFolder, key: string, record: object): void {
    this.#write(this.#recordPath(folder, key), `${JSON.stringify(record)}\n`);
  }

  #write(path: string, content: Uint8Array | string): void {
    try {
      makeFolder(join(this.#folder, '..'), 0o700);
      makeFolder(this.#folder, 0o700);
      for (const folder of RECORD_FOLDERS) makeFolder(join(this.#folder, folder), 0o700);
      replaceFile(path, content);
    } catch (error) {
      if (['EACCES', 'EPERM'].includes(errnoCode(error) ?? '')) throw accessFailed(`write ${path}`, error);
      throw writeFailed(`write ${path}`, error);
    }
  }

  #objectPath(object: string, kind: ObjectKind): string {
    return join(this.#folder, `${object}.${kind}`);
  }

  #recordPath(folder: RecordFolder, key: string): string {
    return join(this.#folder, folder, `${key}.json`);
  }
}

/** Keeps what is put into it, and reads through to the store beneath, if there is one. */
export class MemoryObjectStore implements ObjectStore {
  readonly #objects = new Map<string, Uint8Array>();
  readonly #records = new Map<string, CompileRecord>();
  readonly #lists = new Map<string, ListRecord>();
  readonly #states = new Map<string, string>();

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

  recallList(key: string): ListRecord | undefined {
    return this.#lists.get(key) ?? this.beneath?.recallList(key);
  }

  rememberList(key: string, record: ListRecord): void {
    this.#lists.set(key, record);
  }

  recallState(host: string): string | undefined {
    return this.#states.get(host) ?? this.beneath?.recallState(host);
  }

  rememberState(host: string, text: string): void {
    this.#states.set(host, text);
  }
}
