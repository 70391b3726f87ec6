// A policy as a loaded firewall that has answered for itself: its own packet tests and the host's protected flows run
// in the kernel against the instance that would be attached. One wrong verdict refuses it.
import { readRows } from '../kernel/counters.js';
import { loadFirewall, taiOffset } from '../kernel/firewall.js';
import type { Layout } from '../kernel/layout.js';
import { openPin } from '../kernel/pinned.js';
import { askFirewall } from '../kernel/question.js';
import type { DesiredFirewall } from '../model/desired.js';
import { RefusedError } from '../model/errors.js';
import type { ObservedState } from '../model/observed.js';
import type { PacketTest } from '../model/policy.js';
import { assignRows } from '../model/rows.js';
import type { FirewallTables } from '../model/tables.js';
import { bindTables, compilePolicy } from '../policy/compile.js';
import { judge, type Judged, verdictOf } from '../policy/judge.js';
import { buildPacket } from '../policy/packet.js';
import { samplePacket } from '../policy/sample.js';
import type { Candidate } from './prove.js';

/** Loads and tests; throws a RefusedError that names every wrong verdict. */
export function proveFirewall(
  name: string,
  object: Uint8Array,
  firewall: DesiredFirewall,
  { layout, observed }: { layout: Layout; observed: ObservedState },
): Candidate {
  const tables = compilePolicy(firewall.policy, firewall.protections);
  using counters = openPin(layout.counters(name));
  const rows = assignRows(
    tables.owners.map(({ row }) => row),
    counters ? readRows(layout, name) : [],
  );
  const ifindexes = new Map(observed.interfaces.map((one) => [one.name, one.ifindex]));
  const bound = bindTables(tables, { slots: rows.slots, ifindexes, taiOffset: taiOffset() });
  const loaded = loadFirewall(object, bound, counters ? { counters } : {});
  const wrong = testFirewall(loaded.programFd(), tables, firewall).filter(
    ({ problem }) => problem !== undefined,
  );
  if (wrong.length === 0) return { object: loaded, rows: { ...rows, pinned: counters !== undefined } };
  loaded[Symbol.dispose]();
  throw new RefusedError(
    `policy ${firewall.policy.name} fails ${wrong.length} of its packet tests: ${wrong.map(describe).join('; ')}`,
    { hint: 'Nothing was attached. Correct the rule or the test; `xdpkeep test` runs them all.' },
  );
}

export interface TestResult extends Pick<PacketTest, 'name' | 'at'> {
  got: Judged;
  /** `undefined` when the verdict is the expected one. */
  problem?: string;
}

/** What the program says to every packet test and every protected flow. */
export function testFirewall(
  program: number,
  tables: FirewallTables,
  firewall: DesiredFirewall,
): TestResult[] {
  return testsOf(firewall).map(({ name, at, packet, ...expected }) => {
    const { record } = askFirewall(program, buildPacket(packet));
    const row = tables.owners[record]?.row ?? `record ${record}`;
    const got = { row, verdict: verdictOf(firewall.policy, row) };
    const problem = judge(expected, got);
    return { name, at, got, ...(problem !== undefined && { problem }) };
  });
}

/** The policy's own tests, and one packet for every `protect` entry that any packet can match. */
export function testsOf({ policy, protections }: DesiredFirewall): PacketTest[] {
  const flows = protections.flatMap(({ match, at }): PacketTest[] => {
    const packet = samplePacket(match);
    return packet
      ? [{ name: `protect entry at line ${at.line}`, packet, expect: 'pass', rule: '(protect)', at }]
      : [];
  });
  return [...policy.tests, ...flows];
}

function describe({ at, name, problem = '' }: TestResult): string {
  return `${at.file}:${at.line}: ${name}: ${problem}`;
}
