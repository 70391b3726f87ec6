// Picks one packet out of a region, as proof that the region is not empty.
import type { PacketDescription } from '../../model/policy.js';
import type { Box } from './header-space.js';

/** Values that look natural, where the region allows them. */
export function witnessOf({ kind, sides }: Box): PacketDescription {
  const packet: PacketDescription = {};
  for (const [name, dimension] of kind.dimensions) {
    const side = sides.get(name);
    Object.assign(packet, dimension.witness(side ?? dimension.full(kind), kind, side !== undefined));
  }
  return packet;
}
