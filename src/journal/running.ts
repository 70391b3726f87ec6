// Finds the program of an instance: that of the newest generation with its digest.
import { baseDigest, type HostPolicy } from '../model/desired.js';
import type { RecordedProgram } from '../model/record.js';
import { storedPolicy } from './stored-policies.js';
import { listGenerations } from './generation-list.js';
import { readGeneration } from './generations.js';

/** `undefined` when no generation knows the digest: the record was lost. Throws a JournalError when one cannot be read. */
export function recordedProgram(dataDir: string, digest: string): RecordedProgram | undefined {
  for (const number of listGenerations(dataDir).reverse()) {
    const { interfaces } = readGeneration(dataDir, number).desired;
    const found = interfaces.find(({ program }) => program.digest === baseDigest(digest));
    if (found) return found.program;
  }
  return undefined;
}

/** `undefined` when no generation knows the digest, and for a program that is not a policy. Throws a JournalError. */
export function recordedPolicy(dataDir: string, digest: string): HostPolicy | undefined {
  const { firewall } = recordedProgram(dataDir, digest) ?? {};
  return firewall === undefined ? undefined : storedPolicy(dataDir, firewall);
}
