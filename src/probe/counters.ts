// The guard on the counters: rows that drop far more after a change than before it. Rates are packets per second, from
// two readings of one row; a row that did not drop before, or was not there, had the rate 0.
import { setTimeout as sleep } from 'node:timers/promises';
import { readCounter, readRows } from '../kernel/counters.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { openPin } from '../kernel/pinned.js';
import type { HostPolicy } from '../model/desired.js';
import type { CounterGuard } from '../model/safeguards.js';
import { rowsOf } from '../model/rows.js';
import { isLost, rowVerdict } from '../policy/row-verdict.js';

/** Interface -> the policy that it runs. */
export type Policies = ReadonlyMap<string, HostPolicy>;

/** `veth0 (default)` -> packets, of rows that drop. */
type Reading = Map<string, bigint>;
type Rates = ReadonlyMap<string, number>;

/** Milliseconds between two looks: a second of packets tells a rate, a shorter span a burst. */
const SPAN = 1000;

/** What was dropped per second before the change; takes a second, unless nothing dropped. */
export async function measureBaseline(
  pinPaths: PinPaths,
  policies: Policies,
  guard: CounterGuard,
): Promise<Rates> {
  const first = read(pinPaths, policies, guard);
  if (first.size === 0) return new Map();
  const start = performance.now();
  await sleep(Math.min(SPAN, guard.window));
  return rates(first, read(pinPaths, policies, guard), performance.now() - start);
}

/** Resolves with what dropped too much, as soon as it does; with `undefined` at the end of the window, or when it is ended. */
export async function watchCounters(
  pinPaths: PinPaths,
  policies: Policies,
  guard: CounterGuard,
  baseline: Rates,
  ended: AbortSignal,
): Promise<string | undefined> {
  const end = performance.now() + guard.window;
  let [before, since] = [read(pinPaths, policies, guard), performance.now()];
  while (!ended.aborted && performance.now() < end) {
    const left = end - performance.now();
    const span = left < 1.5 * SPAN ? left : SPAN; // never a short last one
    await sleep(span, undefined, { signal: ended }).catch(() => undefined);
    const [now, time] = [read(pinPaths, policies, guard), performance.now()];
    for (const [row, rate] of rates(before, now, time - since)) {
      const usual = baseline.get(row) ?? 0;
      if (rate <= Math.max(guard.minimum, guard.factor * usual)) continue;
      const numbers = `${Math.round(rate)} packets/s, ${Math.round(usual)} before the change`;
      return `${row} drops ${numbers}`;
    }
    [before, since] = [now, time];
  }
  return undefined;
}

function rates(before: Reading, after: Reading, ms: number): Map<string, number> {
  const entries = [...after].map(([row, packets]): [string, number] => {
    const more = Number(packets - (before.get(row) ?? packets));
    return [row, ms > 0 ? (more * 1000) / ms : 0];
  });
  return new Map(entries);
}

function read(pinPaths: PinPaths, policies: Policies, { ignore }: CounterGuard): Reading {
  const reading: Reading = new Map();
  for (const [name, { policy }] of policies) {
    using counters = openPin(pinPaths.counters(name));
    if (!counters) continue;
    // What an operator has blocked is no fault of a change.
    const rows = new Set(rowsOf(policy));
    rows.delete('(blocked)');
    for (const { row, slot } of readRows(pinPaths, name)) {
      if (!rows.has(row) || ignore.includes(row) || !isLost(rowVerdict(policy, row).does)) continue;
      reading.set(`${name} ${row}`, readCounter(counters.number, slot).packets);
    }
  }
  return reading;
}
