// Which policy an instance was made of: the newest generation that wanted its digest says so.
import { baseDigest, type DesiredFirewall } from '../model/desired.js';
import { keptFirewall } from './firewalls.js';
import { listGenerations } from './generation-list.js';
import { readGeneration } from './generations.js';

/** `undefined` when no generation knows the digest: it is a program of another kind, or the record was lost. */
export function recordedFirewall(dataDir: string, digest: string): DesiredFirewall | undefined {
  for (const number of listGenerations(dataDir).reverse()) {
    const { interfaces } = readGeneration(dataDir, number).desired;
    const { firewall } =
      interfaces.find(({ program }) => program.digest === baseDigest(digest))?.program ?? {};
    if (firewall !== undefined) return keptFirewall(dataDir, firewall);
  }
  return undefined;
}
