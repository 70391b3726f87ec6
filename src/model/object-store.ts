// Where object files and policies live, by content: `objects/<sha256>.o` and `.policy` in the data directory, or memory
// when nothing may be written. Generations name them by hash, so a rollback needs no compiler and no state files.

/** `o`: an object file. `policy`: the JSON of a DesiredFirewall. */
export type ObjectKind = 'o' | 'policy';

/** What a compilation was made of; it is still good while every file has the hash that it had. */
export interface CompileRecord {
  /** SHA-256 (hex) of the object. */
  object: string;
  /** Absolute path -> SHA-256 (hex): the source and every header, system headers included. */
  inputs: Record<string, string>;
}

export interface ObjectStore {
  /** Keeps the bytes and returns their SHA-256 (hex). Writes nothing when they are there already. */
  put(bytes: Uint8Array, kind?: ObjectKind): string;
  /** Throws a JournalError when the object is missing or no longer has its hash. Kind: `o` unless given. */
  get(object: string, kind?: ObjectKind): Uint8Array;
  /** `key` identifies source path, compiler and flags. */
  recallCompile(key: string): CompileRecord | undefined;
  rememberCompile(key: string, record: CompileRecord): void;
}
