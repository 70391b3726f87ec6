// Names for numbers of the Internet protocols, as state files and reports use them. Source: the IANA registries.

/** IP protocol numbers. */
export const PROTOCOLS = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  ospf: 89,
  pim: 103,
  vrrp: 112,
  l2tp: 115,
  sctp: 132,
  udplite: 136,
} as const;

/** Those whose header begins with a source and a destination port that the datapath reads. */
export const PORT_PROTOCOLS: readonly number[] = [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp];

/** Types of ICMP, by protocol number: one name has different numbers in the two. */
export const ICMP_TYPES: Record<number, Record<string, number>> = {
  [PROTOCOLS.icmp]: {
    'echo-reply': 0,
    'destination-unreachable': 3,
    'source-quench': 4,
    redirect: 5,
    'echo-request': 8,
    'router-advertisement': 9,
    'router-solicitation': 10,
    'time-exceeded': 11,
    'parameter-problem': 12,
    'timestamp-request': 13,
    'timestamp-reply': 14,
  },
  [PROTOCOLS.icmpv6]: {
    'destination-unreachable': 1,
    'packet-too-big': 2,
    'time-exceeded': 3,
    'parameter-problem': 4,
    'echo-request': 128,
    'echo-reply': 129,
    'listener-query': 130,
    'listener-report': 131,
    'listener-done': 132,
    'router-solicitation': 133,
    'router-advertisement': 134,
    'neighbor-solicitation': 135,
    'neighbor-advertisement': 136,
    redirect: 137,
    'listener-report-v2': 143,
  },
};

export const ETHER_TYPES = {
  ipv4: 0x0800,
  arp: 0x0806,
  'wake-on-lan': 0x0842,
  rarp: 0x8035,
  ipv6: 0x86dd,
  'slow-protocols': 0x8809,
  mpls: 0x8847,
  'pppoe-discovery': 0x8863,
  'pppoe-session': 0x8864,
  eapol: 0x888e,
  lldp: 0x88cc,
  macsec: 0x88e5,
  ptp: 0x88f7,
} as const;

/** Bits of the 14th byte of the TCP header. */
export const TCP_FLAGS = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ece: 64,
  cwr: 128,
} as const;
