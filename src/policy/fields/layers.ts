// Where the headers of a frame lie. src/policy/packet/parse.ts finds them in a frame, src/policy/packet/build-packet.ts lays them out in a new one; fields
// read and write their own bytes there, and need not know how headers are found.
import { PROTOCOLS } from '../../model/names.js';
import type { FragmentKind } from '../../model/policy.js';

/** Transport protocols whose headers are looked into. */
export type Transport = 'tcp' | 'udp' | 'sctp' | 'icmp';

/** Of their fixed parts. */
export const TRANSPORT_BYTES: Readonly<Record<Transport, number>> = { tcp: 20, udp: 8, sctp: 12, icmp: 8 };

export interface IpLayer {
  family: 4 | 6;
  /** From the first byte of the IP header on. */
  header: DataView;
  /** Behind IPv6 extension headers, that of the transport. */
  protocol: number;
  fragment: FragmentKind;
  /** Bytes of the IP packet. */
  length: number;
}

interface TransportLayer {
  /** `icmp`: ICMP in IPv4, ICMPv6 in IPv6. */
  protocol: Transport;
  /** From the first byte of its header on, whose fixed part is whole. */
  header: DataView;
}

export interface Layers {
  /** From the first byte of the Ethernet header on. */
  frame: DataView;
  /** The first id of its tags that is not 0. */
  vlan: number | 'none';
  /** Behind the tags. */
  etherType: number;
  /** Absent where the frame is not IP. */
  ip?: IpLayer;
  /** Absent in later fragments, and where the protocol is none of Transport. */
  transport?: TransportLayer;
}

/** What stands behind the IP header of a packet that is no later fragment; `undefined` for what is not looked into. */
export function transportOf({
  family,
  protocol,
}: Pick<IpLayer, 'family' | 'protocol'>): Transport | undefined {
  switch (protocol) {
    case PROTOCOLS.tcp:
      return 'tcp';
    case PROTOCOLS.udp:
      return 'udp';
    case PROTOCOLS.sctp:
      return 'sctp';
    case family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6:
      return 'icmp';
    default:
      return undefined;
  }
}
