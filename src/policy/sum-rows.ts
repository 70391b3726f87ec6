// What a policy has seen and dropped: the sums of its rows that decide. Pure.
import type { RowCount } from '../model/counters.js';
import type { Policy } from '../model/policy.js';
import type { PacketTotals } from '../model/status.js';
import { goesOn, isLost, rowVerdict } from './row-verdict.js';

export function sumRows(rows: readonly RowCount[], policy: Policy): PacketTotals {
  const totals: PacketTotals = { seen: 0, seenBytes: 0, dropped: 0, droppedBytes: 0 };
  for (const { name, packets, bytes } of rows) {
    const { does } = rowVerdict(policy, name);
    if (goesOn(does)) continue; // another row counts them as well
    totals.seen += packets;
    totals.seenBytes += bytes;
    if (!isLost(does)) continue;
    totals.dropped += packets;
    totals.droppedBytes += bytes;
  }
  return totals;
}
