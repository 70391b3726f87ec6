// What other firewalls call the fields and the values that state files have: iptables and ipset, nft, pf, firewalld and ufw, Calico, Cilium,
// Kubernetes NetworkPolicy, security groups and network ACLs of AWS, ingress-node-firewall, xdp-filter, ip and tcpdump. A word is compared
// without case, blanks, dashes, dots and underscores, and only with names that may stand at its place, so that one word may mean
// different names at different places. No word here is a name of ours with one letter missing or two exchanged.

/** Name of ours -> words of others. */
export type Words = Readonly<Record<string, string>>;

/** Fields of a match and of the packet of a test. */
const MATCH: Words = {
  family: 'af ipversion version nfproto meta-nfproto addressfamily inet ipfamily ipfamilies',
  protocol:
    'proto p ipprotocol ip-proto l4proto meta-l4proto nexthdr ip6-nexthdr next-header transport prot layer4 ip-p',
  source:
    'src saddr ip-saddr ip6-saddr s source-address source-addresses source-ip source-ips ip-src src-ip src-addr src-address from source-cidr source-cidrs source-range source-ranges ' +
    'src-net source-network nets source-nets ipblock cidr cidrip cidr-blocks cidripv6 ip-ranges remote remote-ip from-cidr from-cidrset sources src-range ip ip-address address addr host client network',
  destination:
    'dst daddr ip-daddr ip6-daddr d dest destination-address destination-addresses destination-ip destination-ips ip-dst dst-ip dst-addr dst-address dest-ip dest-addr to destination-cidr ' +
    'destination-cidrs dst-net destination-network destination-nets to-cidr to-cidrset destinations dst-range local-ip ip address addr host server network',
  sourcePort:
    'sport sports source-ports spt tcp-sport udp-sport th-sport sctp-sport src-port src-ports from-source-port port ports',
  destinationPort:
    'dport dports destination-ports dpt tcp-dport udp-dport th-dport sctp-dport dst-port dst-ports dest-port dest-ports port ports to-port to-ports from-port port-range end-port service-port local-port',
  icmpType: 'icmp icmp-types icmp6-type icmpv6-type icmpv4-type icmptypecode icmp-block type icmp-typename',
  icmpCode: 'icmp6-code icmpv6-code icmpv4-code code',
  tcpFlags: 'flags flag tcp-flag syn tcp-option tcp-flags-mask synproxy',
  fragment: 'frag frags fragments frag-off ip-frag-off f ip-frag is-fragment',
  length: 'len ip-length meta-length pktlen pkt-len packet-length packet-len size packet-size total-length',
  ttl: 'hoplimit hop-limit ip-ttl ip6-hoplimit hl hops ttl-eq',
  dscp: 'tos ip-dscp ip6-dscp ds traffic-class tclass class qos',
  vlan: 'vlan-id vlanid vid vlan-ids dot1q 8021q tag',
  etherType: 'ether-type eth-type ethtype ethertypes ether-proto meta-protocol frame-type l3proto',
  sourceMac:
    'ether-saddr mac-source mac-src smac src-mac eth-src ether-src source-macs mac mac-address source-mac-address',
  destinationMac:
    'ether-daddr mac-dst mac-destination dmac dst-mac eth-dst ether-dst destination-macs destination-mac-address dest-mac',
  connection:
    'state ct-state ctstate conntrack ct keep-state connection-state connection-states stateful established conn conn-state',
  not: 'except negate notsource notprotocol notports exclude unless',
  packets: 'count',
};

const RULE: Words = {
  name: 'id rule-name ruleid label title rule-number sid comment remark',
  description: 'comment remark note notes desc',
  match:
    'matches if selector criteria condition conditions filter expr expression ingress spec where packet packets',
  action: 'target jump j verdict decision effect rule-action policy do then xdp-action policy-action act',
  rateLimit:
    'limit rate limit-rate hashlimit ratelimiting meter pps throttle max-src-conn-rate max-rate connlimit limits',
  log: 'logging nflog log-prefix logs ulog sample',
  until: 'expires expiry expire expires-at expiration not-after valid-until ttl timeout end deadline',
  enabled: 'disabled active',
};

const POLICY: Words = {
  default:
    'default-action policy default-policy chain-policy fallback else default-verdict final base-action input',
  rules:
    'ingress ingress-rules chain chains entries acl acls filter ruleset input rule-list statements ingressfirewallrules',
  fragments: 'frag frags fragment frag-policy',
  malformed: 'invalid bogus broken scrub normalize',
  nonIp: 'arp non-ip l2 other ethernet not-ip',
  neighborDiscovery: 'nd ndp icmpv6 neighbour-discovery neighbor neighbours neighbors',
  mode: 'audit dry-run dryrun monitor enforcement',
  lists:
    'sets set ipset ipsets tables table alias aliases addresses address-groups prefix-lists prefix-list maps',
  tests: 'checks examples cases unit-tests expectations packet-tests',
};

const HOST: Words = {
  interfaces:
    'iface ifaces devices device nics nic links link ports interface-selector attach netdev netdevs if',
  protect:
    'failsafe failsafes failsafe-rules fail-safe allow whitelist allowlist anti-lockout never-drop always-allow trusted protected',
  probes: 'health-check health-checks healthchecks checks check verify liveness tests',
  guard: 'guards limits watchdog drop-guard',
  confirm:
    'commit-confirm commit-confirmed confirmed rollback revert rollback-after confirm-timeout safe-mode',
  name: 'host hostname node metadata id',
  connections: 'conntrack state-table',
};

const INTERFACE: Words = {
  mode: 'xdp-mode attach-mode hook attach-type xdp flags driver-mode skb-mode',
  policy: 'firewall ruleset profile policy-name policies rules policy-ref acl',
  policies: 'layers tiers tier chain',
  program: 'prog bpf object obj ebpf xdp-program bpf-program xdp-prog',
  foreign: 'force replace existing overwrite others',
  drift: 'heal repair self-heal on-drift',
  builtin: 'built-in internal',
  file: 'path obj object src source name elf',
  function: 'section sec entry func prog-name entrypoint',
};

const REST: Words = {
  packetsPerSecond:
    'pps rate limit packets per-second packet-rate avg average rate-pps limit-rate amount value',
  packetsPerMinute: 'ppm per-minute',
  packetsPerHour: 'pph per-hour',
  bytesPerSecond: 'bps bytes bandwidth byte-rate bits bits-per-second rate-bps',
  burst: 'limit-burst burst-size hashlimit-burst bucket capacity',
  per: 'by key hashlimit-mode track mode group-by scope bucket-by',
  sources: 'max-entries htable-max size buckets max-sources entries',
  when: 'above over under direction hashlimit-above hashlimit-upto',
  oneIn: 'sample rate every probability n ratio one-of sampling prefix level',
  interface: 'dev iface oif device out to output ifname oifname target nic',
  cpu: 'core cpus queue cpu-id processor',
  list: 'set ipset table ref name file feed alias group prefix-list match-set',
  ping: 'icmp address host',
  tcp: 'connect port tcp-connect socket',
  http: 'url get https http-get uri',
  dns: 'resolve lookup nslookup query',
  exec: 'command cmd script run shell',
  server: 'resolver nameserver',
  timeout: 'wait deadline timeout-seconds',
  tries: 'retries attempts retry repeat',
  window: 'interval duration time for period seconds',
  factor: 'multiplier times ratio',
  minimum: 'threshold floor least',
  ignore: 'exclude except skip exceptions',
  packet: 'pkt frame input given',
  expect: 'expected verdict want result action then should',
  rule: 'by decided-by matched match',
  after: 'before given setup previous',
  outgoing: 'out egress sent output',
  incoming: 'in ingress received input',
  format: 'type file-type kind',
  column: 'field col',
  separator: 'delimiter sep delim',
  header: 'headers title',
  maxEntries: 'max maxelem limit max-lines max-size',
  sha256: 'checksum hash digest sha sha256sum',
  skipBad: 'ignore-errors skip-errors lenient skip-invalid',
  allowEmpty: 'empty may-be-empty',
  widest: 'min-prefix max-width shortest-prefix min-mask',
  ipv4: 'v4 inet ip4',
  ipv6: 'v6 inet6 ip6',
  git: 'url repo repository remote',
  ref: 'branch tag revision commit rev',
  path: 'directory dir folder subdirectory sub-path',
  allowedSigners: 'keys signers trusted-keys allowed-signers-file public-keys key',
  revoked: 'krl revocation-list revoked-keys',
  requireTag: 'tags signed-tag tag-pattern',
  principal: 'user signer email identity',
  paths: 'files globs folders',
  host: 'hostname node name',
  state: 'state-dir directory dir',
  dataDir: 'data data-directory var lib',
  bpffs: 'bpf-fs bpf mount bpf-mount sys-fs-bpf',
  kind: 'resource',
  apiVersion: 'version api schema-version',
  ipv4Options: 'ip-options options ihl',
  extensions: 'extension-headers ext-headers exthdr headers',
  fragmentId: 'ip-id frag-id identification id',
  bytes: 'len length size',
  offset: 'frag-off at',
  more: 'mf more-fragments',
};

/** Every table that has a word for a name of ours. */
export const FIELD_WORDS: readonly Words[] = [MATCH, RULE, POLICY, HOST, INTERFACE, REST];

/** Words for values: actions, modes, protocols, ICMP types, states of a connection. */
export const VALUE_WORDS: readonly Words[] = [
  {
    pass: 'accept allow permit allowed permitted ok yes trust trusted xdp-pass return-accept let-through whitelist',
    drop: 'deny block discard blackhole xdp-drop refuse blocked denied ban prohibit reject xdp-aborted no blacklist',
    count: 'counter tally',
    next: 'continue return proceed fall-through',
    tx: 'bounce xdp-tx reflect hairpin',
    match: 'rules by-rules inspect check',
    generic: 'skb xdpgeneric xdp-generic skb-mode sw software slow',
    native: 'drv driver xdpdrv xdp-native driver-mode xdp-drv fast',
    offload: 'hw hardware xdpoffload xdp-offload hw-mode nic',
    auto: 'xdp default best any try',
    audit:
      'dry-run dryrun monitor log log-only permissive test observe report count learn complain detect simulate off',
    enforce: 'enforcing active on block deny drop enforced fix heal repair',
    warn: 'warning report log alert audit ignore',
    refuse: 'keep fail error abort deny leave',
    replace: 'force overwrite takeover take-over update',
    source: 'src srcip src-ip saddr ip address by-source per-ip src-addr source-ip',
    destination: 'dst dstip dst-ip daddr by-destination dst-addr dest destination-ip',
    rule: 'global all total aggregate none',
    above: 'over exceeding exceeded more greater',
    below: 'under upto up-to within until less lower',
    tcp: 'tcp4 tcp6',
    udp: 'udp4 udp6',
    icmp: 'icmpv4 icmp4 ping',
    icmpv6: 'icmp6 ipv6-icmp ip6-icmp',
    sctp: 'sctp4 sctp6',
    esp: 'ipsec-esp ipsec encap-security',
    gre: 'gretap',
    ospf: 'ospfigp',
    ipip: 'ipencap ip-in-ip',
    'echo-request': 'ping echo request icmp-echo echoreq',
    'echo-reply': 'pong reply echorep',
    'destination-unreachable': 'unreachable unreach dest-unreachable dest-unreach',
    'time-exceeded': 'ttl-exceeded timeout ttl-exceed timex',
    'parameter-problem': 'paramprob param-problem bad-header',
    'packet-too-big': 'toobig mtu frag-needed fragmentation-needed',
    'neighbor-solicitation': 'nd-neighbor-solicit neighbrsol neighbour-solicitation ns',
    'neighbor-advertisement': 'nd-neighbor-advert neighbradv neighbour-advertisement na',
    'router-solicitation': 'nd-router-solicit routersol rs',
    'router-advertisement': 'nd-router-advert routeradv ra',
    established: 'est replied assured reply keep-state estab',
    related: 'rel relate',
    invalid: 'bad untracked malformed',
    new: 'init syn start opening',
    none: 'no untagged unfragmented whole false',
    later: 'fragment fragments non-first yes true subsequent',
    ipv4: 'ip inet v4 ip4 ipv4-only',
    ipv6: 'ip6 inet6 v6',
    arp: 'arprequest arp-request',
    csv: 'comma tsv',
    plain: 'txt text list lines',
    allow: 'yes true pass permit accept on',
    deny: 'no false drop block off refuse',
    fragment: 'frag fragments',
    'hop-by-hop': 'hbh hopopts hop-opts',
    'destination-options': 'dstopts dst-opts dest-opts',
    routing: 'rt route rthdr srh',
    ah: 'auth authentication-header',
  },
];

export function plain(word: string): string {
  return word.toLowerCase().replace(/[\s_.-]/g, '');
}

const indexes = new Map<readonly Words[], Map<string, string[]>>();

/** What a word of another tool is called here; several where it may mean several. Whether one of them may stand at a place is not asked. */
export function meaningsOf(word: string, tables: readonly Words[]): string[] {
  let index = indexes.get(tables);
  if (!index) indexes.set(tables, (index = toIndex(tables)));
  return index.get(plain(word)) ?? [];
}

function toIndex(tables: readonly Words[]): Map<string, string[]> {
  const index = new Map<string, string[]>();
  for (const [ours, words] of tables.flatMap((table) => Object.entries(table)))
    for (const word of words.split(' '))
      index.set(plain(word), [...new Set([...(index.get(plain(word)) ?? []), ours])]);
  return index;
}
