// The map of blocks as a longest-prefix table. A network inside of other blocked networks expires with the last of them, so
// that the end of a short block leaves no hole in a longer one.
import { type BlockEntry, holdsNetwork } from '../../model/blocks.js';
import type { Cidr } from '../../addresses/cidr.js';

/** One entry for each network. */
export function tabulateBlocks(blocks: readonly BlockEntry[]): BlockEntry[] {
  const table: BlockEntry[] = [];
  /** The networks around the one that is looked at, the widest first; each ends as late as those before it. */
  const around: BlockEntry[] = [];
  for (const block of [...blocks].sort((x, y) => compare(x.network, y.network))) {
    let outer = around.at(-1);
    while (outer && !holdsNetwork(outer.network, block.network)) {
      around.pop();
      outer = around.at(-1);
    }
    const until = outer && outer.until > block.until ? outer.until : block.until;
    const entry = { network: block.network, until };
    if (outer?.network.length === block.network.length) {
      table.pop();
      around.pop();
    }
    table.push(entry);
    around.push(entry);
  }
  return table;
}

/** A network comes right before those that lie in it. */
function compare(x: Cidr, y: Cidr): number {
  return x.family - y.family || x.a - y.a || x.b - y.b || x.c - y.c || x.d - y.d || x.length - y.length;
}
