// What a Policy file means, once it is valid.
import { expect, test } from 'vitest';
import { formatCidr } from '../../../src/addresses/format.js';
import { toCidrs } from '../../../src/addresses/networks.js';
import type { Match, PacketDescription, Policy, Rule } from '../../../src/model/policy.js';
import { readPolicy } from '../readers.js';
import { policyFile, stateDir } from '../state-dir.js';

const LIST = '192.0.2.0/24\n2001:db8::/32\n';

function read(...lines: string[]): Policy {
  const { policy, problems } = readPolicy(
    stateDir({
      'policies/edge.yaml': policyFile(...lines),
      'lists/bogons.txt': LIST,
      'lists/own.txt': '::1\n',
    }),
  );
  expect(problems).toEqual([]);
  if (!policy) throw new Error('no policy and no problem');
  return policy;
}

function matchOf(match: string): Match {
  const [rule] = read('rules:', `- {name: a, match: {${match}}, action: drop}`).rules;
  return rule?.match ?? {};
}

function ruleOf(rest: string): Omit<Rule, 'name' | 'at'> {
  const [rule] = read('rules:', `- {name: a, ${rest}}`).rules;
  if (!rule) throw new Error('no rule');
  const { match, action, rateLimit, log, until } = rule;
  return {
    match,
    action,
    ...(rateLimit && { rateLimit }),
    ...(log && { log }),
    ...(until !== undefined && { until }),
  };
}

const one = (number: number) => [{ from: number, to: number }];

test.each<[match: string, expected: Match]>([
  ['', {}],
  ['family: 4', { family: [4] }],
  ['family: [ipv4, 6]', { family: [4, 6] }],
  ['protocol: gre', { protocol: one(47) }],
  ['protocol: [tcp, 17, sctp]', { protocol: [...one(6), ...one(17), ...one(132)] }],
  ['protocol: tcp, sourcePort: 22', { protocol: one(6), sourcePort: one(22) }],
  [
    'protocol: udp, destinationPort: [1000-2000, "53", 0]',
    { protocol: one(17), destinationPort: [{ from: 1000, to: 2000 }, ...one(53), ...one(0)] },
  ],
  ['protocol: icmp, icmpType: echo-reply', { protocol: one(1), icmpType: one(0) }],
  [
    'protocol: icmpv6, icmpType: [echo-reply, 1-4, 200], icmpCode: 0',
    { protocol: one(58), icmpType: [...one(129), { from: 1, to: 4 }, ...one(200)], icmpCode: one(0) },
  ],
  ['protocol: [icmp, 58], icmpType: 3', { protocol: [...one(1), ...one(58)], icmpType: one(3) }],
  ['icmpType: 3', { icmpType: one(3) }],
  ['tcpFlags: {syn: true, ack: false}', { tcpFlags: [{ mask: 18, value: 2 }] }],
  [
    'protocol: tcp, tcpFlags: [{fin: true, cwr: true}, {psh: false, urg: false, ece: false, rst: true}]',
    {
      protocol: one(6),
      tcpFlags: [
        { mask: 129, value: 129 },
        { mask: 108, value: 4 },
      ],
    },
  ],
  ['fragment: none', { fragment: ['none'] }],
  ['fragment: [first, later]', { fragment: ['first', 'later'] }],
  ['length: 0-65535', { length: [{ from: 0, to: 65535 }] }],
  ['ttl: [1, 255]', { ttl: [...one(1), ...one(255)] }],
  ['dscp: 63', { dscp: one(63) }],
  ['vlan: none', { vlan: ['none'] }],
  ['vlan: [1, none, 4095]', { vlan: [1, 'none', 4095] }],
  ['etherType: arp', { etherType: one(0x806) }],
  ['etherType: [0x88cc, 0-1500]', { etherType: [...one(0x88cc), { from: 0, to: 1500 }] }],
  ['sourceMac: 02:00:00:00:00:01', { sourceMac: [0x020000000001] }],
  [
    'destinationMac: ["FF:ff:ff:ff:ff:ff", 11:22:33:44:55:66]',
    { destinationMac: [0xffffffffffff, 0x112233445566] },
  ],
])('match {%s}', (match, expected) => {
  expect(matchOf(match)).toEqual(expected);
});

test.each<[source: string, cidrs: string[], lists: string[]]>([
  ['10.0.0.0/8', ['10.0.0.0/8'], []],
  ['["::1", 0.0.0.0/0]', ['0.0.0.0/0', '::1'], []],
  ['{list: bogons}', ['192.0.2.0/24', '2001:db8::/32'], ['bogons']],
  [
    '[{list: own}, 10.0.0.1, {list: bogons}]',
    ['10.0.0.1', '192.0.2.0/24', '::1', '2001:db8::/32'],
    ['own', 'bogons'],
  ],
])('addresses %s', (addresses, cidrs, lists) => {
  for (const side of ['source', 'destination'] as const) {
    const set = matchOf(`${side}: ${addresses}`)[side];
    expect(set && toCidrs(set.content()).map(formatCidr)).toEqual(cidrs);
    expect(set?.lists).toEqual(lists);
  }
});

test('a list is shared by the rules that name it alone', () => {
  const rules = ['a', 'b'].map((name) => `- {name: ${name}, match: {source: {list: bogons}}, action: drop}`);
  const [first, second] = read('rules:', ...rules).rules;
  expect(first?.match.source).toBe(second?.match.source);
});

test.each<[rest: string, expected: Partial<Rule>]>([
  ['action: drop', { match: {}, action: { kind: 'drop' } }],
  ['action: pass', { action: { kind: 'pass' } }],
  ['action: tx', { action: { kind: 'tx' } }],
  ['action: {redirect: {interface: veth-scrub}}', { action: { kind: 'redirect', interface: 'veth-scrub' } }],
  ['action: {redirect: {cpu: 0}}', { action: { kind: 'redirect', cpu: 0 } }],
  [
    'action: drop, rateLimit: {packetsPerSecond: 100}',
    { rateLimit: { packetsPerSecond: 100, burst: 100, per: 'rule' } },
  ],
  [
    'action: drop, rateLimit: {packetsPerSecond: 10000000, burst: 1, per: source}',
    {
      rateLimit: { packetsPerSecond: 10_000_000, burst: 1, per: 'source', prefix: { ipv4: 32, ipv6: 64 } },
    },
  ],
  [
    'action: drop, rateLimit: {packetsPerSecond: 1, per: source, sources: 1000000}',
    { rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source', sources: 1_000_000 } },
  ],
  [
    'action: drop, rateLimit: {packetsPerHour: 7, per: destination, sources: 9}',
    {
      rateLimit: {
        packetsPerHour: 7,
        burst: 7,
        per: 'destination',
        prefix: { ipv4: 32, ipv6: 64 },
        sources: 9,
      },
    },
  ],
  [
    'action: drop, rateLimit: {bytesPerSecond: 12500000000, per: {source: {ipv6: 56}}}',
    {
      rateLimit: {
        bytesPerSecond: 12_500_000_000,
        burst: 12_500_000_000,
        per: 'source',
        prefix: { ipv4: 32, ipv6: 56 },
      },
    },
  ],
  [
    'action: drop, rateLimit: {packetsPerMinute: 3, per: {destination: {ipv4: 0}}, when: above}',
    {
      rateLimit: { packetsPerMinute: 3, burst: 3, per: 'destination', prefix: { ipv4: 0, ipv6: 64 } },
    },
  ],
  [
    'action: pass, rateLimit: {packetsPerSecond: 3, when: below}',
    { rateLimit: { packetsPerSecond: 3, burst: 3, per: 'rule', when: 'below' } },
  ],
  [
    'action: pass, rateLimit: {packetsPerSecond: 3, when: above}',
    { rateLimit: { packetsPerSecond: 3, burst: 3, per: 'rule' } },
  ],
  ['action: drop, log: {oneIn: 1}', { log: { oneIn: 1 } }],
  ['action: drop, until: 2027-01-01T00:00:00Z', { until: 1_798_761_600_000 }],
  ['action: drop, until: 2027-01-01T01:00:00.5+01:00', { until: 1_798_761_600_500 }],
])('rule {name: a, %s}', (rest, expected) => {
  expect(ruleOf(rest)).toMatchObject(expected);
});

test('what a policy leaves out, and where it stands', () => {
  const rules = ['rules:', '  - name: a', '    action: drop', '  - {name: b (2), action: pass}'];
  const {
    at,
    rules: read_,
    tests,
    ...settings
  } = read(...rules, 'tests:', '- {name: t, packet: {}, expect: tx}');
  const file = 'policies/edge.yaml';
  expect(settings).toEqual({
    name: 'edge',
    default: 'pass',
    fragments: 'match',
    malformed: 'drop',
    nonIp: 'pass',
    neighborDiscovery: 'pass',
    mode: 'enforce',
    settingsAt: {},
  });
  expect([at, ...read_.map((rule) => rule.at)]).toEqual([
    { file, line: 1, column: 1 },
    { file, line: 5, column: 5 },
    { file, line: 7, column: 5 },
  ]);
  expect(tests).toEqual([{ name: 't', packet: {}, expect: 'tx', at: { file, line: 9, column: 3 } }]);
});

test('what a policy says of the rest', () => {
  const said = ['default: drop', 'fragments: pass', 'malformed: pass', 'nonIp: match'];
  expect(read(...said, 'neighborDiscovery: match', 'mode: audit')).toMatchObject({
    default: 'drop',
    rules: [],
    fragments: 'pass',
    malformed: 'pass',
    nonIp: 'match',
    neighborDiscovery: 'match',
    mode: 'audit',
    tests: [],
  });
});

const LOOPBACK = { family: 6, a: 0, b: 0, c: 0, d: 1, length: 128 } as const;

test.each<[packet: string, expected: PacketDescription]>([
  ['', {}],
  ['protocol: icmp, icmpType: echo-reply, icmpCode: 3', { protocol: 1, icmpType: 0, icmpCode: 3 }],
  ['protocol: icmpv6, icmpType: echo-reply', { protocol: 58, icmpType: 129 }],
  ['protocol: icmp, icmpType: 8', { protocol: 1, icmpType: 8 }],
  ['source: "::1", destination: "::1"', { source: LOOPBACK, destination: LOOPBACK }],
  [
    'family: ipv6, protocol: 132, sourcePort: 1, destinationPort: 2',
    { family: 6, protocol: 132, sourcePort: 1, destinationPort: 2 },
  ],
  ['tcpFlags: {syn: true, ack: true, fin: false}', { tcpFlags: 18 }],
  ['tcpFlags: {}', { tcpFlags: 0 }],
  ['ttl: 1, dscp: 46, length: 1500', { ttl: 1, dscp: 46, length: 1500 }],
  ['vlan: 7', { vlan: [7] }],
  ['vlan: [7, 8], sourceMac: 02:00:00:00:00:01', { vlan: [7, 8], sourceMac: 0x020000000001 }],
  ['etherType: arp, destinationMac: ff:ff:ff:ff:ff:ff', { etherType: 0x806, destinationMac: 0xffffffffffff }],
  ['ipv4Options: 8, fragment: first', { ipv4Options: 8, fragment: 'first' }],
  [
    'family: 6, extensions: [hop-by-hop, {kind: ah, bytes: 16}, {kind: fragment, offset: 1, more: true}]',
    {
      family: 6,
      extensions: [
        { kind: 'hop-by-hop' },
        { kind: 'ah', bytes: 16 },
        { kind: 'fragment', offset: 1, more: true },
      ],
    },
  ],
])('packet {%s}', (packet, expected) => {
  const [test_] = read('tests:', `- {name: t, packet: {${packet}}, expect: drop, rule: (default)}`).tests;
  expect(test_).toMatchObject({ rule: '(default)' });
  expect(test_?.packet).toEqual(expected);
});

test('settings have the places where they are written', () => {
  const { settingsAt } = read('nonIp: drop', '# of packets', 'default: drop');
  const first = settingsAt?.nonIp?.line ?? 0;
  expect(settingsAt).toEqual({
    nonIp: { file: 'policies/edge.yaml', line: first, column: 1 },
    default: { file: 'policies/edge.yaml', line: first + 2, column: 1 },
  });
});
