// What is refused under `not`, with the exact place: "<line>:<column>-<end> <summary>".
import { expect, test } from 'vitest';
import { problemsOf, short, withMatch } from './problems.js';

test.each<[name: string, text: string, expected: string[]]>([
  ['not of nothing', withMatch('not: {}'), ['5:23-26 invalid value']],
  ['not as text', withMatch('not: tcp'), ['5:28-31 wrong type']],
  ['not of not', withMatch('not: {not: {ttl: 1}}'), ['5:29-32 unknown field']],
  ['an unknown field under not', withMatch('not: {sourcePrt: 1}'), ['5:29-38 unknown field']],
  ['a wrong value under not', withMatch('not: {ttl: [1, 300]}'), ['5:38-41 invalid value']],
  ['an unknown list under not', withMatch('not: {source: {list: bogon}}'), ['5:44-49 unknown list']],
  [
    'unknown lists under not among others',
    withMatch('source: {list: a}, not: {destination: [::1, {list: b}]}'),
    ['5:38-39 unknown list', '5:74-75 unknown list'],
  ],
  [
    'a port under not without protocol',
    withMatch('not: {destinationPort: 22}'),
    ['5:46-48 port without a port protocol'],
  ],
  [
    'a port and its protocol under not',
    withMatch('not: {protocol: tcp, destinationPort: 22}'),
    ['5:61-63 port without a port protocol'],
  ],
  [
    'ports under not with a protocol that has none',
    withMatch('protocol: icmp, not: {sourcePort: 1}'),
    ['5:57-58 port without a port protocol'],
  ],
  [
    'flags under not without TCP',
    withMatch('protocol: udp, not: {tcpFlags: {syn: true}}'),
    ['5:44-52 TCP flags without TCP'],
  ],
  ['no flag under not', withMatch('not: {tcpFlags: {}}'), ['5:29-37 invalid value']],
  [
    'an ICMP name under not alone',
    withMatch('not: {icmpType: redirect}'),
    ['5:39-47 ICMP type without its protocol'],
  ],
  [
    'an address of the other family under not',
    withMatch('family: 4, not: {source: "::1"}'),
    ['5:48-53 contradiction'],
  ],
  [
    'an exclamation mark',
    withMatch('protocol: tcp, sourcePort: "!22", source: "!10.0.0.0/8"'),
    ['5:65-78 invalid value', '5:50-55 invalid value'],
  ],
])('%s', (_name, text, expected) => {
  expect(problemsOf(text).map(short)).toEqual(expected);
});

test.each<[text: string, detail: string, hint: string]>([
  [
    withMatch('not: {protocol: tcp, destinationPort: 22}'),
    '`destinationPort` goes with protocol tcp, udp or sctp alone',
    'Under `not` stands what the packet does not have: write the protocol that it has',
  ],
  [withMatch('not: {}'), '`not` must have a field', 'Write under it'],
  [
    withMatch('source: "!10.0.0.0/8"'),
    '`source` must be an IPv4',
    'Write what a packet does not have under `not`: not: {source: 10.0.0.0/8}.',
  ],
])('it is said what is wrong and what to write: %#', (text, detail, hint) => {
  const [problem] = problemsOf(text);
  expect(problem?.detail).toContain(detail);
  expect(problem?.hint).toContain(hint);
});
