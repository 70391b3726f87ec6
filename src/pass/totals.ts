// The packet totals of an interface (seen, dropped), which never fall when its policy changes (decision 0136). They are the sums of the
// rows plus an offset, stored beside the rows with the digest of the instance for which it holds. Without the offset a sum would fall
// when a row vanishes or gets another action. When another instance runs, the offset is computed anew from one reading of the
// counters, so that the totals by the old policy and those by the new one are equal at that moment.
import { ifReadable } from '../disk/if-readable.js';
import { recordedPolicy } from '../journal/running.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { readTotalsOffset, type TotalsOffset, writeTotalsOffset } from '../kernel/totals.js';
import type { HostPolicy } from '../model/desired.js';
import { type OwnedInterface, runningInstance, runsPolicy } from '../model/observed.js';
import type { PacketTotals } from '../model/status.js';
import { countRows } from '../observe/count-rows.js';
import { sumRows } from '../policy/sum-rows.js';

type FindPolicy = (digest: string) => HostPolicy | undefined;

/** The totals of an interface that runs the instance `running`; `undefined` where no record has its policy. */
export function readTotals(
  name: string,
  running: string,
  paths: PinPaths,
  find: FindPolicy,
): PacketTotals | undefined {
  const offset = readTotalsOffset(paths, name);
  // Until a pass has computed the new offset, the former policy decides what packets count as, so that the totals never fall.
  const before = offset && offset.digest !== running ? find(offset.digest) : undefined;
  const firewall = before ?? find(running);
  if (!firewall) return undefined;
  return plus(sumOf(name, paths, firewall), offset);
}

/** Computes the offsets of interfaces that run another instance. Needs the writer lock; a pass calls it before and after its steps. */
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
    const offset = readTotalsOffset(paths, one.name);
    if (digest === undefined || offset?.digest === digest) continue;
    const firewall = find(digest); // read from the records, which a pass with nothing to do is spared
    if (!firewall) continue;
    const before = offset && find(offset.digest);
    const now = sumOf(one.name, paths, firewall);
    const then = before ? plus(sumOf(one.name, paths, before), offset) : plus(now, offset);
    writeTotalsOffset(paths, one.name, { digest, ...minus(then, now) });
  }
}

function sumOf(name: string, paths: PinPaths, firewall: HostPolicy): PacketTotals {
  return sumRows(countRows(name, paths, firewall), firewall.policy);
}

function plus(totals: PacketTotals, offset: TotalsOffset | undefined): PacketTotals {
  return combine(totals, offset, 1);
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
