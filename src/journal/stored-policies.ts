// Stores the policies of generations: each in a file named by the SHA-256 of its content, so that a policy that did not change is not
// written again. The hash protects the content; its rules are checked when it is compiled.
import { DiskObjectStore } from '../disk/object-store.js';
import { type HostPolicy, type DesiredState, matchesOf, setsOf } from '../model/desired.js';
import type { RecordedState } from '../model/record.js';
import type { WriterLock } from './lock.js';
import { reviveMatches } from '../disk/revive-sets.js';

/** Stores the policies of a desired state on the disk and returns the state that refers to them. Throws a JournalError. */
export function storePolicies(lock: WriterLock, desired: DesiredState): RecordedState {
  lock.assertHeld();
  const store = new DiskObjectStore(lock.dataDir);
  const kept = new Map<HostPolicy, string>();
  const keep = (firewall: HostPolicy): string => {
    const hash = kept.get(firewall) ?? store.put(Buffer.from(JSON.stringify(firewall)), 'policy');
    kept.set(firewall, hash);
    return hash;
  };
  const sets = desired.interfaces.flatMap(({ program }) => setsOf(program.firewall));
  const large = new Set(sets.filter(({ small }) => !small).map(({ digest }) => digest));
  return {
    ...desired,
    ...(large.size > 0 && { sets: [...large].sort() }),
    interfaces: desired.interfaces.map(({ program: { firewall, ...program }, ...one }) => ({
      ...one,
      program: { ...program, ...(firewall && { firewall: keep(firewall) }) },
    })),
  };
}

/** Throws a JournalError when the file is missing or was changed. */
export function storedPolicy(dataDir: string, hash: string): HostPolicy {
  const store = new DiskObjectStore(dataDir);
  const bytes = store.get(hash, 'policy');
  const firewall = JSON.parse(Buffer.from(bytes).toString()) as HostPolicy;
  reviveMatches(matchesOf(firewall), store);
  return firewall;
}

/** Reads the policies of a recorded state back into it. Throws a JournalError. */
export function withStoredPolicies(dataDir: string, { interfaces, ...state }: RecordedState): DesiredState {
  const read = new Map<string, HostPolicy>();
  const get = (hash: string): HostPolicy => {
    const firewall = read.get(hash) ?? storedPolicy(dataDir, hash);
    read.set(hash, firewall);
    return firewall;
  };
  return {
    ...state,
    interfaces: interfaces.map(({ program: { firewall, ...program }, ...one }) => ({
      ...one,
      program: { ...program, ...(firewall !== undefined && { firewall: get(firewall) }) },
    })),
  };
}
