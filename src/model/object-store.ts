// Where object files live, by content: `objects/<sha256>.o` in the data directory, or memory when nothing may be
// written. Generations name objects by hash, so a rollback needs no compiler and no state files.

/** What a compilation was made of; it is still good while every file has the hash that it had. */
export interface CompileRecord {
  /** SHA-256 (hex) of the object. */
  object: string;
  /** Absolute path -> SHA-256 (hex): the source and every header, system headers included. */
  inputs: Record<string, string>;
}

export interface ObjectStore {
  /** Keeps the bytes and returns their SHA-256 (hex). Writes nothing when they are there already. */
  put(bytes: Uint8Array): string;
  /** Throws a JournalError when the object is missing or no longer has its hash. */
  get(object: string): Uint8Array;
  /** `key` identifies source path, compiler and flags. */
  recallCompile(key: string): CompileRecord | undefined;
  rememberCompile(key: string, record: CompileRecord): void;
}
