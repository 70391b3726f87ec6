// What is blocked, where, and what each block has dropped. Reads only and takes no lock.
import { asksBlocks } from '../diff/block-maps.js';
import { readStoredBlocks, type StoredBlock, toBlock } from '../journal/blocks.js';
import { unexpired } from '../journal/expiry.js';
import { readHits } from '../kernel/blocks.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { openMap, openPin } from '../kernel/pinned.js';
import { type BlockHits, type BlockReport, type Blocks, concerns } from '../model/blocks.js';
import type { HostPaths } from '../model/host-paths.js';
import { hitsMap, type OwnedInterface, runsPolicy } from '../model/observed.js';
import { readOwned } from '../observe/owned.js';

/** `owned` stands in for a look. Throws a JournalError. */
export function readBlockReports({ bpffs, dataDir }: HostPaths, owned?: readonly OwnedInterface[]): Blocks {
  requireCapabilities();
  const stored = unexpired(readStoredBlocks(dataDir));
  const asking = stored.length === 0 ? [] : (owned ?? readOwned(bpffs)).filter(runsPolicy).filter(asksBlocks);
  const counted = asking.map((one) => ({ name: one.name, of: hitsOn(one, bpffs) }));
  return {
    apiVersion: 'xdpkeep/v1',
    kind: 'Blocks',
    blocks: stored.map((one) => report(one, counted)),
  };
}

type HitsOf = (network: StoredBlock['network']) => BlockHits | undefined;

function report(one: StoredBlock, counted: readonly { name: string; of: HitsOf }[]): BlockReport {
  const there = counted.filter(({ name }) => concerns(one, name));
  const hits = there.flatMap(({ of }) => of(one.network) ?? []);
  const sum = (part: keyof BlockHits) => hits.reduce((all, hit) => all + hit[part], 0);
  return {
    ...toBlock(one),
    inForce: there.map(({ name }) => name),
    ...(hits.length > 0 && { hits: { packets: sum('packets'), bytes: sum('bytes') } }),
  };
}

function hitsOn(owned: OwnedInterface, bpffs: string): HitsOf {
  const counting = hitsMap(owned);
  using map = openPin(pinPathsOf(bpffs).blocks(owned.name));
  using hits = counting === undefined ? undefined : openMap(counting);
  return map && hits ? readHits(map, hits) : () => undefined;
}
