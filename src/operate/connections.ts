// `xdpkeep connections remove`: flows are forgotten, so that what comes in of them is `new` or `invalid` until this host sends again. What
// is known of the session of whoever says so is kept unless that is accepted.
import type { WriterLock } from '../journal/lock.js';
import { Journal } from '../journal/journal.js';
import { recordedPolicy } from '../journal/running.js';
import {
  monotonicNanoseconds,
  openConnectionTable,
  readConnections,
  removeConnection,
} from '../kernel/connection-tables.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { lookUpConnection } from '../kernel/connections.js';
import { openPin } from '../kernel/pinned.js';
import { addRemoved } from '../kernel/recorded.js';
import type { FlowFilter, RemovedConnections } from '../model/connection-table.js';
import { FLOW_TABLES, type ConnectionTable } from '../model/connections.js';
import { RefusedError, UsageError } from '../model/errors.js';
import type { HostPaths } from '../model/host-paths.js';
import { type OwnedInterface, runningInstance, sharedMap } from '../model/observed.js';
import { readOwned } from '../observe/owned.js';
import { withHost, viewHost } from '../pass/open-host.js';
import { Census, NO_PAGE } from '../policy/connections/census.js';
import { filterWords } from '../policy/connections/filter-words.js';
import { readFrame } from '../policy/connections/read-flow.js';
import { batchOf, isMeant } from '../policy/connections/flow-entry.js';
import { evaluate } from '../policy/evaluate.js';
import { buildPacket } from '../policy/packet/build-packet.js';
import { findFlows } from '../reach/flows.js';

export interface Removal {
  filter: FlowFilter;
  /** Who asked. */
  by: string;
  dryRun: boolean;
  /** Remove though that cuts off a flow that must live. */
  acceptLockout: boolean;
}

/** Throws a RefusedError when it would lock out, a UsageError where nothing is known of connections. */
export function forgetConnections(paths: HostPaths, wanted: Removal): Promise<RemovedConnections> {
  if (wanted.dryRun) {
    const { pins } = viewHost(paths);
    return look(paths, pins, wanted).then(({ result }) => result);
  }
  return withHost(paths, async ({ lock, pins }) => {
    const { result, owned } = await look(paths, pins, wanted);
    if (result.matched === 0) return result;
    const reason = `by ${wanted.by}: ${result.matched} with ${result.filter}`;
    Journal.open(lock).appendDone({ kind: 'forget-connections', reason });
    return { ...result, removed: removeAll(lock, pins, owned, wanted.filter) };
  });
}

/** What would be removed, once it is known that it may be. */
async function look(
  { bpffs, dataDir }: HostPaths,
  paths: PinPaths,
  { filter, dryRun, acceptLockout }: Removal,
): Promise<{ result: RemovedConnections; owned: OwnedInterface[] }> {
  const owned = readOwned(bpffs);
  const census = new Census(filter, NO_PAGE);
  const found = eachTable(paths, owned, (map) => {
    census.add(readConnections(map), monotonicNanoseconds());
  });
  if (found === 0) {
    throw new UsageError('no connections are known here: no policy that runs asks about them', {
      hint: 'There is nothing to remove.',
    });
  }
  const lockouts = census.matched === 0 ? [] : await findCutOff(paths, owned, filter, dataDir);
  if (lockouts.length > 0 && !acceptLockout) {
    throw new RefusedError(`this would lock out: ${lockouts.join('; ')}`, {
      hint: 'Nothing was removed. Name a narrower filter, or say --accept-lockout if it may end.',
    });
  }
  const warnings = lockouts.map((one) => `accepted: this locks out ${one}`);
  const { matched } = census;
  return {
    owned,
    result: {
      apiVersion: 'xdpkeep/v1',
      kind: 'RemovedConnections',
      filter: filterWords(filter),
      dryRun,
      matched,
      removed: 0,
      warnings,
    },
  };
}

function removeAll(
  lock: WriterLock,
  paths: PinPaths,
  owned: readonly OwnedInterface[],
  filter: FlowFilter,
): number {
  lock.assertHeld();
  using recorded = openPin(paths.recorded);
  let all = 0;
  eachTable(paths, owned, (map, table) => {
    let removed = 0;
    new Census(filter, NO_PAGE).add(readConnections(map), monotonicNanoseconds(), (batch, at) => {
      if (removeConnection(map, batch, at)) removed++;
    });
    if (recorded && removed > 0) addRemoved(recorded, table, removed);
    all += removed;
  });
  return all;
}

/** Flows that must live and go on only while they are known: no rule lets them in otherwise. */
async function findCutOff(
  paths: PinPaths,
  owned: readonly OwnedInterface[],
  filter: FlowFilter,
  dataDir: string,
): Promise<string[]> {
  const { flows } = await findFlows([]);
  return flows.flatMap(({ interface: name, why, packet }) => {
    const one = owned.find((candidate) => candidate.name === name);
    const instance = one && runningInstance(one);
    const firewall = instance && recordedPolicy(dataDir, instance.digest);
    const frame = buildPacket(packet);
    const flow = readFrame(frame, 'incoming')?.flow;
    const known = flow === undefined ? undefined : lookUpConnection(paths, flow);
    if (!firewall || flow === undefined || !known || !isMeant(batchOf(flow, known), 0, filter)) return [];
    const { policy, protections } = firewall;
    const verdict = (connection?: 'established') =>
      evaluate(policy, protections, frame, connection ? { connection } : {}).verdict;
    return verdict('established') !== 'drop' && verdict() === 'drop' ? [`${name}: ${why}`] : [];
  });
}

/** Returns how many there are. */
function eachTable(
  paths: PinPaths,
  owned: readonly OwnedInterface[],
  visit: (map: { number: number }, table: ConnectionTable) => void,
): number {
  let found = 0;
  for (const table of FLOW_TABLES) {
    using map = openConnectionTable(paths, table, sharedMap(owned, table));
    if (!map) continue;
    visit(map, table);
    found++;
  }
  return found;
}
