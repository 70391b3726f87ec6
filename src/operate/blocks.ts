// `xdpkeep block` and `unblock`: an operator's word in an incident, outside of the state files. The first block on
// an interface swaps in an instance that asks for blocks; every other one is a write to a map that it asks.
import { setTimeout as sleep } from 'node:timers/promises';
import { entriesFor } from '../pass/block-maps.js';
import { holdBlocks } from '../apply/fill-block-map.js';
import { asksBlocks } from '../diff/block-maps.js';
import { findFlows } from '../reach/flows.js';
import type { HostPaths } from '../model/host-paths.js';
import { inputsForBlock } from '../pass/inputs-for-block.js';
import type { OpenHost } from '../pass/host.js';
import { withHost } from '../pass/open-host.js';
import { addBlock, endBlocks, type NewBlock } from '../journal/block-writer.js';
import { readStoredBlocks, type StoredBlock } from '../journal/blocks.js';
import { type WriterLock, withWriterLock } from '../journal/lock.js';
import { recordedPolicy } from '../journal/running.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { pinsOf } from '../kernel/pins.js';
import {
  type BlockResult,
  type BlockSelection,
  holdsNetwork,
  MOST_BLOCKS,
  type UnblockResult,
} from '../model/blocks.js';
import { LockedError, RefusedError, UsageError } from '../model/errors.js';
import { hitsMap, type OwnedInterface, runningInstance, runsPolicy } from '../model/observed.js';
import { readOwned } from '../observe/owned.js';
import { buildPacket } from '../policy/packet/build-packet.js';
import { evaluate } from '../policy/evaluate.js';
import { converge } from '../pass/reconcile.js';
import { requireNoTrial } from '../trial/waiting.js';

/**
 * Throws a UsageError where no policy runs that could ask, a RefusedError when it would lock out or there are too many
 * blocks, a PendingError when the first block would have to change what waits for its confirmation. `acceptLockout`: block
 * though it cuts off a flow that must live.
 */
export function block(
  paths: HostPaths,
  hostName: string,
  made: NewBlock,
  acceptLockout: boolean,
): Promise<BlockResult> {
  return withPatience(() => withHost(paths, (host) => blockOn(host, hostName, made, acceptLockout)));
}

async function blockOn(
  host: OpenHost,
  hostName: string,
  made: NewBlock,
  acceptLockout: boolean,
): Promise<BlockResult> {
  const { bpffs, dataDir, lock, pins } = host;
  const targets = targetsOf(bpffs, made.interface);
  const lockouts = await findBlockedFlows(targets, made, dataDir);
  if (lockouts.length > 0 && !acceptLockout) {
    throw new RefusedError(`this would lock out: ${lockouts.join('; ')}`, {
      hint: 'Nothing was changed. Add a `protect` entry for it, or say --accept-lockout if it may end.',
    });
  }
  requireRoom(targets, made, dataDir);
  const unready = targets.filter((one) => !asksBlocks(one));
  if (unready.length > 0) requireNoTrial(dataDir, pins);
  const { block: added, stored } = addBlock(lock, made);
  const warnings = lockouts.map((one) => `accepted: this locks out ${one}`);
  if (unready.length > 0) warnings.push(...(await swapIn(host, hostName, unready)));
  else fill(lock, bpffs, stored);
  const now = targetsOf(bpffs, made.interface);
  return {
    block: added,
    inForce: now.filter(asksBlocks).map(({ name }) => name),
    notYet: now.filter((one) => !asksBlocks(one)).map(({ name }) => name),
    warnings,
  };
}

/** Nothing is ended when there was none. */
export async function unblock(paths: HostPaths, wanted: BlockSelection, by: string): Promise<UnblockResult> {
  requireCapabilities();
  return withPatience(() =>
    withWriterLock(paths.dataDir, (lock) => {
      const { stored, ...result } = endBlocks(lock, wanted, by);
      if (result.ended.length > 0) fill(lock, paths.bpffs, stored);
      return Promise.resolve(result);
    }),
  );
}

/** Milliseconds. In an incident many come at once: each waits for its turn. */
const PATIENCE = 15_000;
const PAUSE = 50;

async function withPatience<T>(work: () => Promise<T>): Promise<T> {
  for (const start = performance.now(); ;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LockedError) || performance.now() - start > PATIENCE) throw error;
      await sleep(PAUSE);
    }
  }
}

/** Interfaces that run a policy of ours; with a name that one. Throws a UsageError when there is none. */
function targetsOf(bpffs: string, only: string | undefined): OwnedInterface[] {
  const attached = readOwned(bpffs).filter(({ link }) => link !== undefined && link.ifindex !== 0);
  const policies = attached.filter(runsPolicy);
  const targets = policies.filter(({ name }) => only === undefined || name === only);
  if (targets.length > 0) return targets;
  const names = policies.map(({ name }) => name).join(', ');
  const own = attached.some(({ name }) => name === only);
  const what =
    only === undefined ? 'no interface runs a policy of ours' : `interface ${only} runs no policy of ours`;
  throw new UsageError(own ? `interface ${only ?? ''} runs a program of its own, which asks nobody` : what, {
    hint: `Only a policy can hold packets against blocks: ${names === '' ? 'run one with `xdpkeep reconcile`' : `these interfaces run one: ${names}`}.`,
  });
}

/** The map of a build that took fewer blocks is asked on, and is as long as it was made. */
function requireRoom(targets: readonly OwnedInterface[], { cidr }: NewBlock, dataDir: string): void {
  const shortest = Math.min(...targets.map(({ blocks }) => blocks?.maxEntries ?? MOST_BLOCKS));
  if (shortest >= MOST_BLOCKS) return;
  const networks = new Set([cidr, ...readStoredBlocks(dataDir).map((one) => one.cidr)]);
  if (networks.size <= shortest) return;
  throw new RefusedError(`an earlier build made the map of blocks here, which holds ${shortest}`, {
    hint: 'It is made anew when the machine boots, or by `detach` and `reconcile` of the interface. Or block a wider network.',
  });
}

/** What went wrong. */
async function swapIn(
  host: OpenHost,
  hostName: string,
  targets: readonly OwnedInterface[],
): Promise<string[]> {
  const { warnings, steps } = await converge(inputsForBlock(host, hostName, targets));
  return [
    ...warnings,
    ...steps.flatMap(({ interface: name, error }) => (error === undefined ? [] : `${name}: ${error}`)),
  ];
}

function fill(lock: WriterLock, bpffs: string, stored: readonly StoredBlock[]): void {
  for (const one of readOwned(bpffs)) {
    if (!one.blocks) continue;
    holdBlocks(lock, pinsOf(bpffs), one.name, entriesFor(one.name, stored), { hits: hitsMap(one) });
  }
}

/** Flows that must live, come from the network, and are let through by no `protect` entry. */
async function findBlockedFlows(
  targets: readonly OwnedInterface[],
  { network }: NewBlock,
  dataDir: string,
): Promise<string[]> {
  const { flows } = await findFlows([]);
  return flows.flatMap(({ interface: name, why, packet }) => {
    const target = targets.find((one) => one.name === name);
    const instance = target && runningInstance(target);
    const firewall = instance && recordedPolicy(dataDir, instance.digest);
    if (!firewall || packet.source === undefined || !holdsNetwork(network, packet.source)) return [];
    const circumstances = { isBlocked: () => true };
    const { row } = evaluate(firewall.policy, firewall.protections, buildPacket(packet), circumstances);
    return row === '(blocked)' ? [`${name}: ${why}`] : [];
  });
}
