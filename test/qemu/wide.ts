// Rules for the verifiers of old kernels.

/** Asks for every field, in several groups, and has rules that may not apply: the longest way through the datapath. */
export const WIDE_RULES = [
  ...Array.from({ length: 24 }, (_, index) => ({
    name: `some-${index}`,
    match: {
      protocol: index % 2 ? 'tcp' : 'udp',
      source: index % 3 ? `10.${index}.0.0/${16 + (index % 16)}` : `2001:db8:${index}::/${48 + index}`,
      destination: index % 3 ? `192.168.${index}.0/24` : `2001:db8:${index}::/48`,
      sourcePort: `${1000 + index}-${3000 + index * 7}`,
      destinationPort: 20 + index,
    },
    action: 'drop',
  })),
  {
    name: 'link',
    match: { sourceMac: '02:00:00:00:00:09', destinationMac: '02:00:00:00:00:0a' },
    action: 'drop',
  },
  { name: 'tagged', match: { vlan: 7, length: '60-1000', ttl: '1-3', dscp: 46 }, action: 'drop' },
  { name: 'lldp', match: { etherType: 0x88cc }, action: 'drop' },
  { name: 'flags', match: { protocol: 'tcp', tcpFlags: { syn: true, fin: true } }, action: 'drop' },
  {
    name: 'few-answers',
    match: { protocol: 'icmp', icmpType: 0 },
    rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source' },
    action: 'drop',
  },
  {
    name: 'no-ping-yet',
    match: { protocol: 'icmp', icmpType: 8 },
    until: '2099-01-01T00:00:00Z',
    log: { oneIn: 1 },
    action: 'drop',
  },
];
