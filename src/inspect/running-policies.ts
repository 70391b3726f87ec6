// Keeps track of the interfaces that run a policy, for readers that poll. The pins are read again only when a directory's
// mtime shows that something was pinned or unpinned, or when the last reading is old.
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { listEntries } from '../kernel/bpffs.js';
import { pinPathsOf, ROWS } from '../kernel/pin-paths.js';
import { UsageError } from '../model/errors.js';
import { type OwnedInterface, runsPolicy } from '../model/observed.js';
import { readOwned } from '../observe/owned.js';

/** Milliseconds after which the pins are read in any case. */
const OLD = 10_000;

export class RunningPolicies {
  #seen = '';
  #read = -Infinity;

  /** `only`: the one interface that is wanted. Throws a UsageError when nothing wanted runs a policy. */
  constructor(
    private readonly bpffs: string,
    private readonly only?: string,
  ) {
    const running = this.#policies();
    if (this.#wanted(running).length > 0) return;
    throw new UsageError(
      only === undefined ? 'no interface runs a policy' : `interface ${only} runs no policy of ours`,
      { hint: `These do: ${running.map(({ name }) => name).join(', ') || 'none'}.` },
    );
  }

  /** Those that run now; `undefined` when nothing changed since the last call. */
  look(): OwnedInterface[] | undefined {
    const now = performance.now();
    const seen = this.#times();
    if (seen === this.#seen && now - this.#read < OLD) return undefined;
    this.#seen = seen;
    this.#read = now;
    return this.#wanted(this.#policies());
  }

  #policies(): OwnedInterface[] {
    return readOwned(this.bpffs).filter(runsPolicy);
  }

  #wanted(running: OwnedInterface[]): OwnedInterface[] {
    return running.filter(({ name }) => this.only === undefined || this.only === name);
  }

  #times(): string {
    const { interfaces } = pinPathsOf(this.bpffs);
    const entries = listEntries(interfaces).flatMap(({ name, kind }) => {
      const path = join(interfaces, name);
      return kind === 'directory' ? [path, join(path, ROWS)] : [path]; // what belongs there, those say who read it
    });
    const all = [interfaces, ...entries];
    return all.map((path) => `${path} ${changed(path)}`).join('\n');
  }
}

function changed(path: string): bigint {
  return lstatSync(path, { throwIfNoEntry: false, bigint: true })?.mtimeNs ?? 0n;
}
