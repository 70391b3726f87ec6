// Packets of links without an Ethernet header, as frames: all that reads frames here reads those. The header is made up, of zeros
// and the EtherType that the version of IP means. The reference for parse_version in bpf/parse.h.
import { ETHER_TYPES } from '../../model/names.js';
import { concat } from './bytes.js';
import { VLAN_TYPES } from './parse.js';

const ETHERNET_BYTES = 14;
const TYPES: Readonly<Record<number, number>> = { 4: ETHER_TYPES.ipv4, 6: ETHER_TYPES.ipv6 };

/** `packet` may be cut; `length` is that of all of it. A packet that is neither version gets an EtherType of 0. */
export function behindEthernet(packet: Uint8Array, length: number): { frame: Uint8Array; length: number } {
  const type = TYPES[(packet[0] ?? 0) >> 4] ?? 0;
  const header = new Uint8Array(ETHERNET_BYTES);
  new DataView(header.buffer).setUint16(12, type);
  return { frame: concat([header, packet]), length: length + ETHERNET_BYTES };
}

/** Is it one that is read at all on such a link? */
export function isIpAtFirst(packet: Uint8Array): boolean {
  const version = (packet[0] ?? 0) >> 4;
  return packet.length >= 8 && (version === 4 || (version === 6 && !isTagInDisguise(packet)));
}

/**
 * GRE says the EtherType of what it carries, which is not seen here, and that may be the one of a VLAN tag. Behind a priority
 * tag Linux finds IP by itself: what would be such a tag with more behind it is no IPv6, whose first word it resembles.
 */
function isTagInDisguise(packet: Uint8Array): boolean {
  const view = new DataView(packet.buffer, packet.byteOffset);
  const [tci, type, next] = [view.getUint16(0), view.getUint16(2), view.getUint16(4)];
  if (tci !== 0x6000) return false;
  if (VLAN_TYPES.includes(type)) return (next & 0xfff) === 0;
  return Object.entries(TYPES).some(([version, one]) => one === type && next >> 12 === Number(version));
}
