// A policy as a loaded firewall that has answered for itself: its own packet tests and the host's protected flows run
// in the kernel against the instance that would be attached. One wrong verdict refuses it.
import { readRows } from '../kernel/counters.js';
import { loadPolicy, taiOffset } from '../kernel/load-policy.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { openMap, openPin } from '../kernel/pinned.js';
import { askPolicy, LONGEST_QUESTION } from '../kernel/ask-policy.js';
import { asksConnections, type DesiredProgram, type HostPolicy } from '../model/desired.js';
import { RefusedError } from '../model/errors.js';
import { hitsMap, type ObservedState } from '../model/observed.js';
import { assignRows } from '../model/rows.js';
import type { RecordOwner } from '../model/tables.js';
import { bindTables, compilePolicy } from '../policy/compile/compile.js';
import { decideByReference, runPacketTests, type TestResult } from '../policy/packet-tests.js';
import type { Candidate } from './candidate.js';
import type { SharedMaps } from './shared-maps.js';

export interface ProvePolicyContext {
  pinPaths: PinPaths;
  observed: ObservedState;
  shared: SharedMaps;
}

/** Loads and tests; throws a RefusedError that names every wrong verdict. */
export function provePolicy(
  name: string,
  object: Uint8Array,
  program: DesiredProgram & { firewall: HostPolicy },
  { pinPaths, observed, shared }: ProvePolicyContext,
): Candidate {
  const { firewall, blocks: asked, frags, noEthernet } = program;
  const tables = compilePolicy(firewall.policy, firewall.protections);
  const sets = shared.setMaps.open(tables.sets);
  using counters = openPin(pinPaths.counters(name));
  const asks = asked === true;
  using blocks = asks ? openPin(pinPaths.blocks(name)) : undefined;
  const counting = asks ? hitsMap(observed.owned.find((one) => one.name === name)) : undefined;
  using hits = counting === undefined ? undefined : openMap(counting);
  const rows = assignRows(
    tables.owners.map(({ row }) => row),
    counters ? readRows(pinPaths, name) : [],
  );
  const ifindexes = new Map(
    observed.interfaces.flatMap(({ name, altnames = [], ifindex }) =>
      [name, ...altnames].map((one) => [one, ifindex]),
    ),
  );
  const bound = bindTables(tables, {
    slots: rows.slots,
    ifindexes,
    sets,
    taiOffset: taiOffset(),
    blocks: asks,
    frames: { frags: frags === true, noEthernet: noEthernet === true },
  });
  const loaded = loadPolicy(object, bound, {
    counting: { ...(counters && { counters }), ...(hits && { hits }) },
    ...(asks && { blocks: blocks ?? 'new' }),
    ofHost: {
      samples: shared.ring.open(observed),
      ...(asksConnections(firewall.policy) && { connections: shared.connections.tables() }),
    },
    sets,
  });
  try {
    requirePassed(firewall, testPolicy(loaded.programFd(), tables.owners, firewall));
    return { object: loaded, rows: { ...rows, pinned: counters !== undefined }, sets };
  } catch (error) {
    loaded[Symbol.dispose]();
    throw error;
  }
}

/** Asks an instance that is pinned already: its tests may have changed though its tables have not. */
export function retestPolicy(pinPaths: PinPaths, name: string, digest: string, firewall: HostPolicy): void {
  using program = openPin(pinPaths.program(name, digest));
  if (!program) return;
  const { owners } = compilePolicy(firewall.policy, firewall.protections);
  requirePassed(firewall, testPolicy(program.number, owners, firewall));
}

/** Throws a RefusedError that names every wrong verdict. */
export function requirePassed({ policy }: HostPolicy, results: TestResult[]): void {
  const wrong = results.filter(({ problem }) => problem !== undefined);
  if (wrong.length === 0) return;
  throw new RefusedError(
    `policy ${policy.name} fails ${wrong.length} of its packet tests: ${wrong.map(describe).join('; ')}`,
    { hint: 'Nothing was changed. Correct the rule or the test; `xdpkeep test` runs them all.' },
  );
}

/** What a loaded program says to every packet test and every protected flow; of what is too long to ask, the reference. */
export function testPolicy(program: number, owners: RecordOwner[], firewall: HostPolicy): TestResult[] {
  const reference = decideByReference(firewall, Date.now());
  return runPacketTests(firewall, (frame, connection) => {
    if (frame.length > LONGEST_QUESTION) return reference(frame, connection);
    const { record } = askPolicy(program, frame, { ...(connection && { connection }) });
    return owners[record]?.row ?? `record ${record}`;
  });
}

function describe({ at, name, problem = '' }: TestResult): string {
  return `${at.file}:${at.line}: ${name}: ${problem}`;
}
