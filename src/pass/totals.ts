// What became of all packets of an interface, whatever its policy was when they came. Rows count by their names, and a row that
// is gone, or has another action now, would take its packets along: so their sums fell with each edit. Beside the rows lies
// what to add to them, and to which instance that is relative. When another policy decides, it is made anew from one look at the
// counters: the sums by the old policy and those by the new one agree at that moment.
import { ifReadable } from '../disk/if-readable.js';
import { recordedPolicy } from '../journal/running.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { readTotalsBase, type TotalsBase, writeTotalsBase } from '../kernel/totals.js';
import type { HostPolicy } from '../model/desired.js';
import { type OwnedInterface, runningInstance, runsPolicy } from '../model/observed.js';
import type { PacketTotals } from '../model/status.js';
import { countRows } from '../observe/count-rows.js';
import { sumRows } from '../policy/sum-rows.js';

type FindPolicy = (digest: string) => HostPolicy | undefined;

/** Of an interface that runs an instance; `undefined` where no record says what its policy is. */
export function readTotals(
  name: string,
  running: string,
  paths: PinPaths,
  find: FindPolicy,
): PacketTotals | undefined {
  const base = readTotalsBase(paths, name);
  // Until a pass has settled it, packets since the change count as the policy before would have it: the sums never fall.
  const before = base && base.digest !== running ? find(base.digest) : undefined;
  const firewall = before ?? find(running);
  if (!firewall) return undefined;
  return plus(sumOf(name, paths, firewall), base);
}

/** For who has the lock: before anything is swapped, and after it. */
export function rebaseTotals(paths: PinPaths, dataDir: string, owned: readonly OwnedInterface[]): void {
  const known = new Map<string, HostPolicy | undefined>(); // one policy runs on many interfaces
  const find = (digest: string): HostPolicy | undefined => {
    if (!known.has(digest))
      known.set(
        digest,
        ifReadable(() => recordedPolicy(dataDir, digest)),
      );
    return known.get(digest);
  };
  for (const one of owned.filter(runsPolicy)) {
    const digest = runningInstance(one)?.digest;
    const base = readTotalsBase(paths, one.name);
    if (digest === undefined || base?.digest === digest) continue;
    const firewall = find(digest); // read from the records, which a pass with nothing to do is spared
    if (!firewall) continue;
    const before = base && find(base.digest);
    const now = sumOf(one.name, paths, firewall);
    const then = before ? plus(sumOf(one.name, paths, before), base) : plus(now, base);
    writeTotalsBase(paths, one.name, { digest, ...minus(then, now) });
  }
}

function sumOf(name: string, paths: PinPaths, firewall: HostPolicy): PacketTotals {
  return sumRows(countRows(name, paths, firewall), firewall.policy);
}

function plus(totals: PacketTotals, base: TotalsBase | undefined): PacketTotals {
  return combine(totals, base, 1);
}

function minus(totals: PacketTotals, other: PacketTotals): PacketTotals {
  return combine(totals, other, -1);
}

function combine(a: PacketTotals, b: PacketTotals | undefined, sign: 1 | -1): PacketTotals {
  return {
    seen: a.seen + sign * (b?.seen ?? 0),
    seenBytes: a.seenBytes + sign * (b?.seenBytes ?? 0),
    dropped: a.dropped + sign * (b?.dropped ?? 0),
    droppedBytes: a.droppedBytes + sign * (b?.droppedBytes ?? 0),
  };
}
