// Every refusal of a Policy file, with the exact place: "<line>:<column>-<end> <summary>".
import { expect, test } from 'vitest';
import { policyFile } from '../state-dir.js';
import { problemsOf, short, withMatch, withRule, withTest } from './problems.js';

const RULE = 'name: a, action: drop';
const TEST = '- {name: tt, packet: {}, expect: drop}';

test('pass with a rate that does not say when is told both spellings, and what each does', () => {
  const [problem] = problemsOf(withRule('{name: a, action: pass, rateLimit: {packetsPerSecond: 2}}'));
  for (const said of ['when: below', 'passes those within the rate', 'when: above', 'the excess alone'])
    expect(`${problem?.detail ?? ''} ${problem?.hint ?? ''}`).toContain(said);
});

test.each<[name: string, text: string, expected: string[]]>([
  ['nothing', '', ['1:1 empty file']],
  ['every field missing', '{}', ['1:1', '1:1', '1:1'].map((place) => `${place} missing field`)],
  ['a host', policyFile().replace('Policy', 'Host'), ['2:7-11 invalid value']],
  ['the name of another', policyFile().replace('edge', 'core'), ['3:7-11 name is not that of the file']],
  ['a path as name', policyFile().replace('edge', 'a/b'), ['3:7-10 invalid value']],
  ['unknown field', policyFile('rule: []'), ['4:1-5 unknown field']],
  ['unknown default', policyFile('default: reject'), ['4:10-16 invalid value']],
  ['unknown fragments', policyFile('fragments: dorp'), ['4:12-16 invalid value']],
  ['unknown malformed', policyFile('malformed: match'), ['4:12-17 invalid value']],
  ['unknown nonIp', policyFile('nonIp: tx'), ['4:8-10 invalid value']],
  ['unknown neighborDiscovery', policyFile('neighborDiscovery: drop'), ['4:20-24 invalid value']],
  ['unknown mode', policyFile('mode: dry-run'), ['4:7-14 invalid value']],
  ['rules as a map', policyFile('rules: {}'), ['4:1-6 wrong type']],
  ['1025 rules', policyFile('rules:', ...rules(1025)), ['4:1-6 invalid value']],
  ['a rule as text', withRule('drop'), ['5:3-7 wrong type']],
  ['a rule without all', withRule('{}'), ['5:3 missing field', '5:3 missing field']],
  ['unknown rule field', withRule(`{${RULE}, mach: {}}`), ['5:27-31 unknown field']],
  ['a reserved name', withRule('{name: (default), action: drop}'), ['5:10-19 reserved name']],
  ['an empty name', withRule('{name: "", action: drop}'), ['5:10-12 invalid value']],
  ['a long name', withRule(`{name: ${'x'.repeat(65)}, action: drop}`), ['5:10-75 invalid value']],
  ['a name that steers', withRule(String.raw`{name: "a\u202eb", action: drop}`), ['5:10-20 invalid value']],
  ['a number as name', withRule('{name: 7, action: drop}'), ['5:10-11 wrong type']],
  ['a name twice', policyFile('rules:', `- {${RULE}}`, `- {${RULE}}`), ['6:10-11 duplicate name']],
  ['an empty match', withRule(`{${RULE}, match: }`), ['5:27-32 wrong type']],
  ['unknown action', withRule('{name: a, action: refuse}'), ['5:21-27 invalid value']],
  ['a list of actions', withRule('{name: a, action: [drop]}'), ['5:13-19 wrong type']],
  ['redirect as text', withRule('{name: a, action: redirect}'), ['5:21-29 invalid value']],
  ['redirect to nothing', withRule('{name: a, action: {redirect: {}}}'), ['5:22-30 invalid value']],
  [
    'redirect to both',
    withRule('{name: a, action: {redirect: {interface: e, cpu: 1}}}'),
    ['5:22-30 invalid value'],
  ],
  [
    'redirect to a glob',
    withRule('{name: a, action: {redirect: {interface: "veth*"}}}'),
    ['5:44-51 invalid value'],
  ],
  ['redirect to CPU -1', withRule('{name: a, action: {redirect: {cpu: -1}}}'), ['5:38-40 invalid value']],
  ['unknown redirect', withRule('{name: a, action: {redirect: {iface: x}}}'), ['5:33-38 unknown field']],
  ['no rate', withRule(`{${RULE}, rateLimit: {burst: 3}}`), ['5:27-36 missing field']],
  [
    'rate 0, burst 0, unknown per',
    withRule(`{${RULE}, rateLimit: {packetsPerSecond: 0, burst: 0, per: host}}`),
    ['5:57-58 invalid value', '5:67-68 invalid value', '5:75-79 invalid value'],
  ],
  [
    'sources of a rule',
    withRule(`{${RULE}, rateLimit: {packetsPerSecond: 1, sources: 9}}`),
    ['5:69-70 invalid value'],
  ],
  [
    'two rates',
    withRule(`{${RULE}, rateLimit: {packetsPerSecond: 1, bytesPerSecond: 1}}`),
    ['5:27-36 contradiction'],
  ],
  [
    'a bucket that is never full again',
    withRule(`{${RULE}, rateLimit: {packetsPerHour: 1, burst: 277778}}`),
    ['5:65-71 burst too large'],
  ],
  [
    'more packets than there is room for',
    withRule(`{${RULE}, rateLimit: {packetsPerSecond: 2, burst: 1000000001}}`),
    ['5:67-77 invalid value'],
  ],
  [
    'too many bits',
    withRule(`{${RULE}, rateLimit: {packetsPerSecond: 2, per: {source: {ipv4: 33, ipv6: 129}}}}`),
    ['5:81-83 invalid value', '5:91-94 invalid value'],
  ],
  [
    'both directions',
    withRule(`{${RULE}, rateLimit: {packetsPerSecond: 2, per: {source: {}, destination: {}}}}`),
    ['5:78-89 unknown field'],
  ],
  [
    'pass, and nobody says what',
    withRule('{name: a, action: pass, rateLimit: {packetsPerSecond: 2}}'),
    ['5:27-36 pass of which packets'],
  ],
  ['never', withRule(`{${RULE}, rateLimit: {packetsPerSecond: 2, when: never}}`), ['5:66-71 invalid value']],
  ['half a packet', withRule(`{${RULE}, rateLimit: {packetsPerSecond: 0.5}}`), ['5:57-60 wrong type']],
  ['one in 0', withRule(`{${RULE}, log: {oneIn: 0}}`), ['5:40-41 invalid value']],
  ['log as a number', withRule(`{${RULE}, log: 3}`), ['5:32-33 wrong type']],
  ['no time', withRule(`{${RULE}, until: soon}`), ['5:34-38 invalid value']],
  ['no zone', withRule(`{${RULE}, until: 2027-01-01T00:00:00}`), ['5:34-53 invalid value']],
  ['a date alone', withRule(`{${RULE}, until: 2027-01-01}`), ['5:34-44 invalid value']],
  ['no such day', withRule(`{${RULE}, until: 2027-02-30T00:00:00Z}`), ['5:34-54 invalid value']],
  ['before 1970', withRule(`{${RULE}, until: 1969-12-31T23:59:59Z}`), ['5:34-54 invalid value']],
  ['after 2500', withRule(`{${RULE}, until: 9999-01-01T00:00:00Z}`), ['5:34-54 invalid value']],

  ['unknown match field', withMatch('sourcePrt: 1, protocol: tcp'), ['5:23-32 unknown field']],
  ['unknown family', withMatch('family: 5'), ['5:31-32 invalid value']],
  ['unknown protocol', withMatch('protocol: tpc'), ['5:33-36 invalid value']],
  ['protocol 256', withMatch('protocol: [tcp, 256]'), ['5:39-42 invalid value']],
  ['an empty list', withMatch('protocol: []'), ['5:23-31 invalid value']],
  ['host bits', withMatch('source: 10.0.0.1/8'), ['5:31-41 host bits set']],
  ['host bits of IPv6', withMatch('source: [::/0, "2001:db8::1/32"]'), ['5:38-54 host bits set']],
  ['no address', withMatch('destination: example.com'), ['5:36-47 invalid value']],
  ['a number as address', withMatch('source: 10'), ['5:31-33 wrong type']],
  ['an address without quotes', withMatch('source: [fe80::]'), ['5:32-37 text without quotes']],
  [
    'an address without quotes in a block',
    policyFile('rules:', '- name: a', '  action: drop', '  match:', '    source:', '    - fe80::'),
    ['9:7-12 text without quotes'],
  ],
  ['an unknown list', withMatch('source: {list: bogon}'), ['5:38-43 unknown list']],
  ['an unknown list among others', withMatch('destination: [::1, {list: x}]'), ['5:49-50 unknown list']],
  ['a path as list', withMatch('source: {list: ../x}'), ['5:38-42 invalid value']],
  ['a list of lists', withMatch('source: {list: [a]}'), ['5:32-36 wrong type']],
  ['unknown reference', withMatch('source: {lists: bogons}'), ['5:32-37 unknown field']],
  ['a port without protocol', withMatch('destinationPort: 22'), ['5:40-42 port without a port protocol']],
  [
    'ports with a protocol that has none',
    withMatch('protocol: [tcp, icmp], sourcePort: 1, destinationPort: [2, 3]'),
    ['5:58-59 port without a port protocol', '5:61-76 port without a port protocol'],
  ],
  ['an inverted range', withMatch('protocol: tcp, sourcePort: 20-10'), ['5:50-55 inverted range']],
  ['port 65536', withMatch('protocol: tcp, sourcePort: 65536'), ['5:50-55 invalid value']],
  ['a range up to 65536', withMatch('protocol: tcp, sourcePort: 1-65536'), ['5:50-57 invalid value']],
  ['a named port', withMatch('protocol: tcp, sourcePort: ssh'), ['5:50-53 invalid value']],
  ['an ICMP type of TCP', withMatch('protocol: tcp, icmpType: 8'), ['5:48-49 ICMP field without ICMP']],
  ['an ICMP code of TCP', withMatch('protocol: tcp, icmpCode: 8'), ['5:48-49 ICMP field without ICMP']],
  ['an ICMP name alone', withMatch('icmpType: redirect'), ['5:33-41 ICMP type without its protocol']],
  [
    'an ICMP name of both',
    withMatch('protocol: [icmp, icmpv6], icmpType: redirect'),
    ['5:59-67 ICMP type without its protocol'],
  ],
  [
    'an ICMP name of the other',
    withMatch('protocol: icmp, icmpType: packet-too-big'),
    ['5:49-63 invalid value'],
  ],
  ['unknown ICMP name', withMatch('protocol: icmp, icmpType: ping'), ['5:49-53 invalid value']],
  ['ICMP type 256', withMatch('protocol: icmp, icmpType: 256'), ['5:49-52 invalid value']],
  ['flags without TCP', withMatch('protocol: udp, tcpFlags: {syn: true}'), ['5:38-46 TCP flags without TCP']],
  ['unknown flag', withMatch('tcpFlags: {sync: true}'), ['5:34-38 unknown field']],
  ['a flag as a number', withMatch('tcpFlags: [{syn: 1}]'), ['5:40-41 wrong type']],
  ['no flag', withMatch('tcpFlags: {}'), ['5:23-31 invalid value']],
  ['unknown fragment', withMatch('fragment: last'), ['5:33-37 invalid value']],
  ['length 70000', withMatch('length: 100-70000'), ['5:31-40 invalid value']],
  ['ttl -1', withMatch('ttl: -1'), ['5:28-30 invalid value']],
  ['dscp 64', withMatch('dscp: 64'), ['5:29-31 invalid value']],
  ['vlan 0', withMatch('vlan: [7, 0]'), ['5:33-34 invalid value']],
  ['vlan 4096', withMatch('vlan: 4096'), ['5:29-33 invalid value']],
  ['unknown vlan', withMatch('vlan: any'), ['5:29-32 invalid value']],
  ['unknown ether type', withMatch('etherType: apr'), ['5:34-37 invalid value']],
  ['half a MAC', withMatch('sourceMac: 02:00:00'), ['5:34-42 invalid value']],
  ['a MAC with dashes', withMatch('destinationMac: 02-00-00-00-00-01'), ['5:39-56 invalid value']],
  ['an address of the other family', withMatch('family: 4, source: "::1"'), ['5:42-47 contradiction']],
  ['networks of both', withMatch('family: 6, destination: [10.0.0.0/8, ::/0]'), ['5:34-45 contradiction']],

  ['a test of an unknown rule', withTest('', ', rule: x'), ['5:46-47 unknown rule']],
  ['unknown verdict', withTest('').replace(': drop', ': refuse'), ['5:34-40 invalid value']],
  ['unknown packet field', withTest('port: 3'), ['5:23-27 unknown field']],
  ['a network in a packet', withTest('source: 10.0.0.0/8'), ['5:31-41 invalid value']],
  ['two ports', withTest('sourcePort: 1-2'), ['5:35-38 wrong type']],
  ['a port of ICMP', withTest('protocol: icmp, sourcePort: 1'), ['5:51-52 port without a port protocol']],
  ['flags of UDP', withTest('protocol: udp, tcpFlags: {ack: true}'), ['5:38-46 TCP flags without TCP']],
  ['an ICMP type of TCP by default', withTest('icmpType: 8'), ['5:33-34 ICMP field without ICMP']],
  ['a range of types', withTest('protocol: icmp, icmpType: 1-2'), ['5:49-52 invalid value']],
  [
    'a name of the other ICMP',
    withTest('protocol: icmpv6, icmpType: timestamp-reply'),
    ['5:51-66 invalid value'],
  ],
  ['two families', withTest('source: 10.0.0.1, destination: "::1"'), ['5:54-59 contradiction']],
  ['ICMP of the other family', withTest('family: 6, protocol: icmp, icmpType: 8'), ['5:44-48 contradiction']],
  ['options of IPv6', withTest('family: 6, ipv4Options: 4'), ['5:47-48 invalid value']],
  ['five bytes of options', withTest('ipv4Options: 5'), ['5:36-37 invalid value']],
  ['extensions of IPv4', withTest('extensions: [routing]'), ['5:23-33 contradiction']],
  ['unknown extension', withTest('family: 6, extensions: [esp]'), ['5:47-50 invalid value']],
  ['9 bytes', withTest('family: 6, extensions: [{kind: routing, bytes: 9}]'), ['5:70-71 invalid value']],
  ['more of routing', withTest('family: 6, extensions: [{kind: ah, more: true}]'), ['5:64-68 invalid value']],
  [
    'bytes of a fragment',
    withTest('family: 6, extensions: [{kind: fragment, bytes: 8}]'),
    ['5:71-72 invalid value'],
  ],
  ['three tags', withTest('vlan: [1, 2, 3]'), ['5:23-27 invalid value']],
  ['an address in ARP', withTest('etherType: arp, source: 10.0.0.1'), ['5:47-55 contradiction']],
  ['another ether type', withTest('etherType: ipv6, family: 4'), ['5:34-38 contradiction']],
  ['a test name twice', policyFile('tests:', TEST, TEST), ['6:10-12 duplicate name']],
])('%s', (_name, text, expected) => {
  expect(problemsOf(text).map(short)).toEqual(expected);
});

function rules(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `- {name: r${at}, action: drop}`);
}

test('1024 rules are none too many', () => {
  expect(problemsOf(policyFile('rules:', ...rules(1024)))).toEqual([]);
});

test.each<[text: string, detail: string, hint: string | undefined]>([
  [
    withMatch('source: [fe80::]'),
    '"fe80::" without quotes is a map to YAML, since it ends in ":"',
    'Quote it: "fe80::".',
  ],
  [
    withMatch('source: 10.0.0.1/8'),
    '`source` must be a network without host bits, not "10.0.0.1/8"',
    'Write 10.0.0.0/8 for the network, or 10.0.0.1 for the address.',
  ],
  [
    withMatch('source: {list: bogon}'),
    '`list` names "bogon", but there is no file lists/bogon.txt; the lists are bogons',
    'Did you mean "bogons"?',
  ],
  [withMatch('protocol: tpc'), '`protocol` must be a number', 'Did you mean "tcp"?'],
  [
    withMatch('protocol: true'),
    '`protocol` must be a number, text or a list, not the boolean true',
    'Write it like `protocol: tcp`.',
  ],
  [
    withMatch('ttl: [1, {}]'),
    'an item of `ttl` must be a number or text, not a map',
    'Write it like `ttl: 0-4`.',
  ],
  [withMatch('protocol: tcp, sourcePort: 9-3'), '`sourcePort` must go from', 'Write 3-9.'],
  [
    withTest('', ', rule: b'),
    '`rule` names "b", which is no rule of this policy',
    'Name a rule of this policy',
  ],
  [policyFile('rules:', '- {action: drop}'), '`name` is missing', 'Add `name:` with a short text'],
  [
    policyFile('rules:', '- {name: a, action: deny}'),
    '`action` must be pass, drop, reject, tx, count or next',
    'Did you mean "drop"?',
  ],
  ['', 'policies/edge.yaml says nothing', 'Write apiVersion, kind and name at least'],
  [policyFile().replace('kind: Policy\n', ''), '`kind` is missing', 'Add `kind: Policy`.'],
])('it is said what is wrong and what to write: %#', (text, detail, hint) => {
  const [problem] = problemsOf(text);
  expect(problem?.detail.slice(0, detail.length)).toBe(detail);
  expect(problem?.hint?.slice(0, hint?.length)).toBe(hint);
});

test('all that is wrong is told in one run, also within one match', () => {
  const text = policyFile(
    'rules:',
    '- {name: a, match: {source: 10.0.0.1/8, destinationPort: 22, ttl: 300}}',
    '- {name: a, match: {protocol: tpc, sourcePort: 1, destination: {list: x}}, action: dorp}',
    'tests:',
    '- {name: t, packet: {protocol: udp, tcpFlags: {}}, rule: b}',
  );
  expect(problemsOf(text).map(short).sort()).toEqual(
    [
      '5:3 missing field',
      '5:29-39 host bits set',
      '5:58-60 port without a port protocol',
      '5:67-70 invalid value',
      '6:10-11 duplicate name',
      '6:31-34 invalid value',
      '6:71-72 unknown list',
      '6:84-88 invalid value',
      '8:37-45 TCP flags without TCP',
      '8:3 missing field',
      '8:58-59 unknown rule',
    ].sort(),
  );
});
