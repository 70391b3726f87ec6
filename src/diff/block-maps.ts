// Finds the interfaces that need a map of blocks and have none yet.
import { type Block, concerns } from '../model/blocks.js';
import type { DesiredState } from '../model/desired.js';
import {
  type ObservedInstance,
  type ObservedMap,
  type ObservedState,
  type OwnedInterface,
  runningInstance,
  runsPolicy,
} from '../model/observed.js';
import { isAsking } from './bind.js';
import { wantedFor } from './diff.js';

const BLOCKS = 'blocks';

/** Names. */
export function lackBlockMaps(
  desired: DesiredState,
  { interfaces, owned }: ObservedState,
  blocks: readonly Pick<Block, 'interface'>[],
): string[] {
  return interfaces
    .filter(
      (one) =>
        wantedFor(desired, one)?.program.firewall !== undefined &&
        blocks.some((block) => concerns(block, one.name)) &&
        !owned.some(({ name, blocks: map }) => name === one.name && map !== undefined),
    )
    .map(({ name }) => name);
}

/** Does the program in use there ask for blocks? */
export function asksBlocks(owned: OwnedInterface): boolean {
  const instance = runningInstance(owned);
  return owned.blocks !== undefined && instance !== undefined && isAsking(instance.digest);
}

/** The map that the program in use asks though its pin is gone: it is pinned again, and no other one made. */
export function lostBlockMap(owned: OwnedInterface | undefined): number | undefined {
  if (!owned || !runsPolicy(owned)) return undefined;
  return runningInstance(owned)?.lost?.find(({ name }) => name === BLOCKS)?.id;
}

function withoutLost({ lost, ...instance }: ObservedInstance): ObservedInstance {
  const left = lost?.filter(({ name }) => name !== BLOCKS) ?? [];
  return left.length === 0 ? instance : { ...instance, lost: left };
}

/** What will be observed when they have one. */
export function withBlockMaps(
  observed: ObservedState,
  maps: ReadonlyMap<string, ObservedMap>,
): ObservedState {
  const known = observed.owned.map((one): OwnedInterface => {
    const blocks = maps.get(one.name);
    return blocks ? { ...one, blocks, instances: one.instances.map(withoutLost) } : one;
  });
  const made = [...maps]
    .filter(([name]) => !observed.owned.some((one) => one.name === name))
    .map(([name, blocks]): OwnedInterface => ({ name, instances: [], blocks }));
  const owned = [...known, ...made].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { ...observed, owned };
}
