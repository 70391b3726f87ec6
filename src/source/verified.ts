// Remembers for an hour which commits were verified. A history too long for one pass is continued by the next, and a branch whose newest
// commit is refused is not verified from the beginning each time. The memory counts only while the files of keys are unchanged, since
// signatures are verified by the keys that count now (decision 0062).
import { join } from 'node:path';
import * as z from 'zod';
import { replaceFile } from '../disk/durable.js';
import { errnoCode } from '../disk/failure.js';
import { readOwn } from '../disk/regular.js';
import type { Signer } from '../model/revision.js';

/** Milliseconds. */
const LASTS = 3_600_000;
/** New ones after which all are written down: a pass may be killed. */
const WRITTEN_EVERY = 20;
/** Bytes. */
const LARGEST = 64 << 20;

const schema = z.object({
  keys: z.string(),
  commits: z.record(z.string(), z.object({ principal: z.string(), key: z.string(), at: z.number() })),
});

export class VerifiedCommits {
  readonly #file: string;
  readonly #commits: Map<string, Signer & { at: number }>;
  #unwritten = 0;

  /** `folder` is a directory of ours; `keys` names all that decides who may sign. */
  constructor(
    folder: string,
    private readonly keys: string,
  ) {
    this.#file = join(folder, 'verified.json');
    this.#commits = new Map(Object.entries(this.#read()));
  }

  get(commit: string): Signer | undefined {
    const found = this.#commits.get(commit);
    return found && { principal: found.principal, key: found.key };
  }

  add(commit: string, signer: Signer): void {
    this.#commits.set(commit, { ...signer, at: Date.now() });
    if (++this.#unwritten >= WRITTEN_EVERY) this.write();
  }

  /** Nothing is lost but time where that fails. */
  write(): void {
    if (this.#unwritten === 0) return;
    this.#unwritten = 0;
    try {
      replaceFile(
        this.#file,
        JSON.stringify({ keys: this.keys, commits: Object.fromEntries(this.#commits) }),
      );
    } catch (error) {
      if (errnoCode(error) === undefined) throw error;
    }
  }

  #read(): Record<string, Signer & { at: number }> {
    try {
      const { keys, commits } = schema.parse(JSON.parse(readOwn(this.#file, LARGEST).toString('utf8')));
      const now = Date.now();
      const isFresh = ({ at }: { at: number }) => at <= now && now - at < LASTS;
      return keys === this.keys
        ? Object.fromEntries(Object.entries(commits).filter(([, one]) => isFresh(one)))
        : {};
    } catch {
      return {}; // none, or one that cannot be used
    }
  }
}
