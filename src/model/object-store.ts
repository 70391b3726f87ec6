// Where object files, policies and large address sets live, by content: `objects/<sha256>.o`, `.policy` and `.set` in the
// data directory, or memory when nothing may be written. Generations name them by hash, so a rollback needs no compiler
// and no state files.

import type { Diagnostic } from './diagnostic.js';
import type { MergedEntries } from './desired.js';
import type { AddressSet } from './policy.js';

/** `o`: an object file. `policy`: the JSON of a HostPolicy. `set`: the bytes of address ranges. */
export type ObjectKind = 'o' | 'policy' | 'set';

/** What a compilation was made of; it is still good while every file has the hash that it had. */
export interface CompileRecord {
  /** SHA-256 (hex) of the object. */
  object: string;
  /** Absolute path -> SHA-256 (hex): the source and every header, system headers included. */
  inputs: Record<string, string>;
}

/** What was counted when a list was parsed. */
export interface ListCounts extends MergedEntries {
  /** Lines with an address or network. */
  entries: number;
  /** Bad lines that were left out. */
  skipped: number;
}

export const NO_COUNTS: ListCounts = { entries: 0, duplicates: 0, overlaps: 0, skipped: 0 };

/** What a list, or several together, were parsed to. */
export interface ListRecord extends Pick<AddressSet, 'digest' | 'ranges' | 'small'> {
  counts: ListCounts;
  warnings: Diagnostic[];
}

export interface ObjectStore {
  /** Keeps the bytes and returns their SHA-256 (hex). Writes nothing when they are there already. */
  put(bytes: Uint8Array, kind?: ObjectKind): string;
  /** Throws a JournalError when the object is missing or no longer has its hash. Kind: `o` unless given. */
  get(object: string, kind?: ObjectKind): Uint8Array;
  /** `key` identifies source path, compiler and flags. */
  recallCompile(key: string): CompileRecord | undefined;
  rememberCompile(key: string, record: CompileRecord): void;
  /** `key` identifies the bytes of the files and how they were read. Nothing is recalled of a set that is not there any more. */
  recallList(key: string): ListRecord | undefined;
  rememberList(key: string, record: ListRecord): void;
  /** What the files of a host were resolved to, as text that its writer understands. */
  recallState(host: string): string | undefined;
  rememberState(host: string, text: string): void;
}
