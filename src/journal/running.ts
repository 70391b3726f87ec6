// Which policy an instance was made of: the newest generation that wanted its digest says so.
import { baseDigest, type DesiredFirewall } from '../model/desired.js';
import { listGenerations } from './generation-list.js';
import { readGeneration } from './generations.js';

/** `undefined` when no generation knows the digest: it is a program of another kind, or the record was lost. */
export function recordedFirewall(dataDir: string, digest: string): DesiredFirewall | undefined {
  for (const number of listGenerations(dataDir).reverse()) {
    const { interfaces } = readGeneration(dataDir, number).desired;
    const found = interfaces.find(({ program }) => program.firewall && program.digest === baseDigest(digest));
    if (found) return found.program.firewall;
  }
  return undefined;
}
