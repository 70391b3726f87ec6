// What people write first, who know another firewall: each word of it, and what it is called here.
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import { readHost, readPolicy } from '../readers.js';
import { hostFile, placeAndSummary, policyFile, stateDir } from '../state-dir.js';

const LISTS = { 'lists/bogons.txt': '192.0.2.0/24\n' };

function one(problems: Diagnostic[]): Diagnostic {
  expect(problems.map(({ detail }) => detail)).toHaveLength(1);
  const [problem] = problems;
  if (!problem) throw new Error('nothing was refused');
  return problem;
}

const inPolicy = (...lines: string[]): Diagnostic =>
  one(readPolicy(stateDir({ ...LISTS, 'policies/edge.yaml': policyFile(...lines) })).problems);
const inRule = (rule: string): Diagnostic => inPolicy('rules:', `- {name: a, ${rule}}`);
const inMatch = (match: string): Diagnostic => inRule(`action: drop, match: {${match}}`);
const inHost = (line: string, ...more: string[]): Diagnostic =>
  one(
    readHost(
      stateDir({
        'policies/edge.yaml': policyFile(),
        'hosts/edge-1.yaml': hostFile(`  ens5: {${line}}`, ...more),
      }),
    ).problems,
  );

/** Tool, its words, and the field of a match that each is. */
const MATCH_FIELDS: [tool: string, words: Record<string, string>][] = [
  [
    'iptables',
    {
      '-s': 'source',
      '-d': 'destination',
      '--source-port': 'sourcePort',
      '--dport': 'destinationPort',
      '--dports': 'destinationPort',
      '-p': 'protocol',
      '--icmp-type': 'icmpType',
      '--tcp-flags': 'tcpFlags',
      '--syn': 'tcpFlags',
      '-f': 'fragment',
      '--ttl-eq': 'ttl',
      '--mac-source': 'sourceMac',
      '--ctstate': 'connection',
      '--state': 'connection',
      '--src-range': 'source',
    },
  ],
  [
    'nft',
    {
      'ip saddr': 'source',
      'ip6 daddr': 'destination',
      saddr: 'source',
      'tcp dport': 'destinationPort',
      'th sport': 'sourcePort',
      'meta l4proto': 'protocol',
      'ip protocol': 'protocol',
      'icmp type': 'icmpType',
      'icmpv6 code': 'icmpCode',
      'tcp flags': 'tcpFlags',
      'ip frag-off': 'fragment',
      'ip length': 'length',
      'ip ttl': 'ttl',
      'ip6 hoplimit': 'ttl',
      'ip dscp': 'dscp',
      'vlan id': 'vlan',
      'ether type': 'etherType',
      'ether saddr': 'sourceMac',
      'ct state': 'connection',
      nfproto: 'family',
    },
  ],
  [
    'pf',
    {
      proto: 'protocol',
      from: 'source',
      to: 'destination',
      flags: 'tcpFlags',
      af: 'family',
      'keep state': 'connection',
    },
  ],
  [
    'firewalld',
    {
      'source address': 'source',
      'destination address': 'destination',
      'icmp-block': 'icmpType',
      'source-port': 'sourcePort',
    },
  ],
  ['Calico', { nets: 'source', ipVersion: 'family' }],
  ['Kubernetes', { ipBlock: 'source', cidr: 'source', endPort: 'destinationPort' }],
  [
    'AWS',
    {
      CidrIp: 'source',
      cidr_blocks: 'source',
      IpProtocol: 'protocol',
      FromPort: 'destinationPort',
      to_port: 'destinationPort',
      PortRange: 'destinationPort',
    },
  ],
  ['ingress-node-firewall', { sourceCIDRs: 'source', icmpType: 'icmpType' }],
  ['xdp-filter', { src: 'source', dst: 'destination', sport: 'sourcePort' }],
  ['tcpdump', { 'dst port': 'destinationPort', len: 'length', vlan_id: 'vlan', 'ether src': 'sourceMac' }],
].map(([tool, words]) => [tool as string, words as Record<string, string>]);

test.each(MATCH_FIELDS)('fields of %s', (_tool, words) => {
  for (const [word, ours] of Object.entries(words)) {
    if (word === ours) continue;
    const { hint, at, summary, detail } = inMatch(`"${word}": 1`);
    expect([word, summary, at.line, at.column]).toEqual([word, 'unknown field', 5, 35]);
    expect(detail).toContain(`"${word}" is none of the fields here`);
    expect(`${word}: ${hint ?? ''}`).toContain(`"${ours}"`);
    expect(hint).not.toContain('Remove');
  }
});

test.each([
  ['accept', 'pass'],
  ['ACCEPT', 'pass'],
  ['allow', 'pass'],
  ['permit', 'pass'],
  ['XDP_PASS', 'pass'],
  ['deny', 'drop'],
  ['DROP', 'drop'],
  ['block', 'drop'],
  ['discard', 'drop'],
  ['XDP_DROP', 'drop'],
  ['blackhole', 'drop'],
])('action %s is %s', (word, ours) => {
  expect(inRule(`action: ${word}`).hint).toBe(`Did you mean "${ours}"?`);
  expect(inRule(`action: {${word}: true}`).hint).toBe(`Write \`action: ${ours}\`.`);
  expect(inPolicy(`default: ${word}`).hint).toBe(`Did you mean "${ours}"?`);
});

test.each([
  ['target: DROP', 'Did you mean "action"?'],
  ['jump: DROP', 'Did you mean "action"?'],
  ['action: log', 'beside `action: count`'],
  ['action: redirect', '{redirect: {interface: NAME}}'],
  ['action: {redirect: veth0}', '{redirect: {interface: veth0}}'],
  ['action: dnat', 'nftables'],
  ['action: return', 'Did you mean "next"?'],
  ['action: jump', '- use: GROUP'],
  ['action: drop, log: true', 'log: {oneIn: 1}'],
  ['action: drop, log: 50', 'log: {oneIn: 50}'],
  ['action: drop, log: false', 'Leave `log` out'],
  ['action: drop, rateLimit: 10', 'rateLimit: {packetsPerSecond: 10}'],
  ['action: drop, rateLimit: 5/minute', 'rateLimit: {packetsPerMinute: 5}'],
  ['action: drop, rateLimit: {packetsPerSecond: 9/s}', 'packetsPerSecond: 9'],
  ['action: drop, rateLimit: {pps: 9}', 'Did you mean "packetsPerSecond"?'],
  ['action: drop, limit: 5', 'Did you mean "rateLimit"?'],
  ['action: drop, protocol: tcp', 'Write it into `match`'],
  ['action: drop, src: 10.0.0.0/8', 'match: {source: ...}'],
  ['action: drop, match: {rateLimit: {packetsPerSecond: 1}}', 'Write it beside `match`'],
])('a rule with %s', (rule, hint) => {
  expect(inRule(rule).hint).toContain(hint);
});

test.each([
  ['source: bogons', 'Write `source: {list: bogons}` for the addresses of lists/bogons.txt.'],
  ['source: "@bogons"', '{list: bogons}'],
  ['source: {set: bogons}', 'Did you mean "list"?'],
  ['source: any', 'Leave `source` out'],
  ['destination: "*"', 'Leave `destination` out'],
  ['source: 0/0', 'Leave `source` out'],
  ['source: "!10.0.0.0/8"', '10.0.0.0/8'],
  ['source: "10.0.0.1, 10.0.0.2"', 'source: [10.0.0.1, 10.0.0.2]'],
  ['source: 10.0.0.*', '10.0.0.0/24'],
  ['source: 10/8', '10.0.0.0/8'],
  ['source: www.example.org', 'www.example.org, which is a name'],
  ['protocol: any', 'Leave `protocol` out'],
  ['protocol: TCP', 'Did you mean "tcp"?'],
  ['protocol: icmp6', 'Did you mean "icmpv6"?'],
  ['protocol: http', 'protocol: tcp, destinationPort: 80'],
  ['protocol: "tcp,udp"', 'protocol: [tcp, udp]'],
  ['protocol: tcp, destinationPort: "80,443"', 'destinationPort: [80, 443]'],
  ['protocol: tcp, destinationPort: "80:90"', 'destinationPort: 80-90'],
  ['protocol: tcp, destinationPort: "1024-"', 'destinationPort: 1024-65535'],
  ['protocol: tcp, destinationPort: "> 1023"', 'destinationPort: 1024-65535'],
  ['destinationPort: tcp/80', 'protocol: tcp, destinationPort: 80'],
  ['ttl: "<5"', 'ttl: 0-4'],
  ['protocol: icmp, icmpType: ping', 'Did you mean "echo-request"?'],
  ['tcpFlags: [syn, ack]', 'tcpFlags: {syn: true, ack: true}'],
  ['tcpFlags: syn', 'tcpFlags: {syn: true}'],
  ['tcpFlags: S/SA', 'tcpFlags: {syn: true, ack: false}'],
  ['tcpFlags: "SYN,ACK,RST SYN"', 'tcpFlags: {syn: true, rst: false, ack: false}'],
  ['tcpFlags: {syn: 1}', 'Write true.'],
  ['fragment: true', '[first, later]'],
  ['connection: "ESTABLISHED,RELATED"', 'connection: [ESTABLISHED, RELATED]'],
  ['vlan: any', 'Leave `vlan` out'],
])('a match with %s', (match, hint) => {
  expect(inMatch(match).hint).toContain(hint);
});

test.each([
  ['default-action: drop', 'Did you mean "default"?'],
  ['mode: dry-run', 'Did you mean "audit"?'],
  ['rules: {name: a, action: drop}', '- name: ...'],
  ['rules: {ssh: {action: pass}}', '- name: ssh'],
  ['rules: [drop tcp 22]', 'Write it like `rules: [{name:'],
  ['tests: [{name: t, packet: {dport: 22}, expect: pass}]', 'Did you mean "destinationPort"?'],
])('a policy with %s', (line, hint) => {
  expect(inPolicy(line).hint).toContain(hint);
});

test.each([
  ['policy: edge, mode: skb', 'Did you mean "generic"?'],
  ['policy: edge, mode: xdpgeneric', 'Did you mean "generic"?'],
  ['policy: edge, mode: drv', 'Did you mean "native"?'],
  ['policy: edge, mode: hw', 'Did you mean "offload"?'],
  ['policy: {name: edge}', 'policy: edge'],
  ['program: fw.bpf.c', 'program: {file: fw.bpf.c}'],
])('an interface with %s', (line, hint) => {
  expect(inHost(line).hint).toContain(hint);
});

test.each([
  ['confirm: 2', 'Add the unit: 2m for 2 minutes, or 2s for seconds.'],
  ['confirm: 2min', 'Write 2m.'],
  ['confirm: 2 minutes', 'Write 2m.'],
  ['guard: {window: 30}', '30s'],
  ['protect: ssh', 'protect: [{protocol: tcp, destinationPort: 22}]'],
  ['protect: {protocol: tcp}', '- protocol: ...'],
  ['protect: [{dport: 22}]', 'Did you mean "destinationPort"?'],
  ['failsafe: []', 'Did you mean "protect"?'],
  ['probes: [10.0.0.1]', 'probes: [{ping: 10.0.0.1}]'],
])('a host with %s', (line, hint) => {
  expect(inHost('policy: edge', line).hint).toContain(hint);
});

test('a misplaced name of a field is one fault, though the right one is missing then', () => {
  expect(placeAndSummary(inRule('target: drop'))).toBe('policies/edge.yaml:5:13-19 unknown field');
});
