// The layers of a frame: where its headers are. policy/packet/parse.ts finds them in a frame, policy/packet/build-packet.ts lays them out
// in a new one. Fields read and write their own bytes there, and need not know how headers are found.
import { PROTOCOLS } from '../../model/names.js';
import type { FragmentKind } from '../../model/policy.js';

/** The transport protocols whose headers are parsed. */
export type Transport = 'tcp' | 'udp' | 'sctp' | 'icmp';

/** Bytes of the fixed part of each header. */
export const TRANSPORT_BYTES: Readonly<Record<Transport, number>> = { tcp: 20, udp: 8, sctp: 12, icmp: 8 };

export interface IpLayer {
  family: 4 | 6;
  /** The bytes from the IP header on. */
  header: DataView;
  /** Transport protocol: in IPv6, that after the extension headers. */
  protocol: number;
  fragment: FragmentKind;
  /** Bytes of the IP packet. */
  length: number;
}

interface TransportLayer {
  /** `icmp`: ICMP in IPv4, ICMPv6 in IPv6. */
  protocol: Transport;
  /** The bytes from the transport header on; its fixed part is complete. */
  header: DataView;
}

export interface Layers {
  /** The bytes from the Ethernet header on. */
  frame: DataView;
  /** The first VLAN id that is not 0. */
  vlan: number | 'none';
  /** The EtherType after the tags. */
  etherType: number;
  /** Absent where the frame is not IP. */
  ip?: IpLayer;
  /** Absent in later fragments, and where the protocol is none of Transport. */
  transport?: TransportLayer;
}

/** The transport of a packet that is not a later fragment; `undefined` for protocols whose headers are not parsed. */
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
