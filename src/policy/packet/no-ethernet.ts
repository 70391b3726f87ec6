// Turns packets of links without Ethernet into frames, so that all readers of frames can read them: puts an Ethernet header of zeros in
// front, with the EtherType of the IP version. The reference for parse_version in bpf/parse.h.
import { ETHER_TYPES } from '../../model/names.js';
import { concat } from './bytes.js';
import { VLAN_TYPES } from './parse.js';

const ETHERNET_BYTES = 14;
const TYPES: Readonly<Record<number, number>> = { 4: ETHER_TYPES.ipv4, 6: ETHER_TYPES.ipv6 };

/** `packet` may be truncated; `length` is its full length. A packet of neither IP version gets EtherType 0. */
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
 * The payload of GRE can begin with a VLAN tag; its EtherType is in the GRE header, which XDP does not see. A priority tag (id 0) with
 * priority 3 looks like the first word of IPv6, and Linux would find the IP packet behind it: such a packet counts as malformed.
 */
function isTagInDisguise(packet: Uint8Array): boolean {
  const view = new DataView(packet.buffer, packet.byteOffset);
  const [tci, type, next] = [view.getUint16(0), view.getUint16(2), view.getUint16(4)];
  if (tci !== 0x6000) return false;
  if (VLAN_TYPES.includes(type)) return (next & 0xfff) === 0;
  return Object.entries(TYPES).some(([version, one]) => one === type && next >> 12 === Number(version));
}
