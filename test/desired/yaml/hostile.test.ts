// Whatever bytes a state file holds: diagnostics or a valid state, soon, and nothing else.
// needs: time
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STATE_FILE_LIMIT } from '../../../src/desired/read.js';
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { renderDiagnostics } from '../../../src/report/diagnostics.js';
import { readHost, readPolicy } from '../readers.js';
import { placeAndSummary, scratch, write } from '../state-dir.js';

const HOST = `# yaml-language-server: $schema=../schema/host.schema.json
apiVersion: xdpkeep/v1
kind: Host
name: edge-1 # the first
interfaces:
  ens5: {mode: generic, program: {builtin: icmp-drop}}
  "veth*":
    program:
      file: programs/a.bpf.c
      function: fw
    foreign: replace
  lan0: {policy: edge}
protect:
  - {protocol: tcp, source: 10.0.0.0/8, destinationPort: 22}
`;

const POLICY = `apiVersion: xdpkeep/v1
kind: Policy
name: edge
default: drop
rules:
  - name: all fields
    match:
      {family: [4, ipv6], protocol: [tcp, 17], source: [10.0.0.0/8, {list: bogons}], destination: "::/0", sourcePort: 1-9,
       destinationPort: [80, 443], fragment: first, length: 1-99, ttl: 3, dscp: [1], vlan: [none, 7], etherType: [ipv4, 2054],
       sourceMac: 02:00:00:00:00:01, destinationMac: [02:00:00:00:00:02]}
    action: {redirect: {interface: veth0}}
    rateLimit: {packetsPerSecond: 10, burst: 3, per: source}
    log: {oneIn: 10}
    until: 2027-01-01T00:00:00+01:00
  - {name: icmp, match: {protocol: icmpv6, icmpType: [redirect, 1-2], icmpCode: 0}, action: {redirect: {cpu: 0}}}
  - {name: syn, match: {protocol: tcp, tcpFlags: [{syn: true, ack: false}, {rst: true}]}, action: tx}
fragments: drop
malformed: pass
nonIp: match
neighborDiscovery: match
mode: audit
tests:
  - {name: t, packet: {source: "::1", vlan: [1, 2], extensions: [routing, {kind: fragment, more: true}]}, expect: drop, rule: syn}
  - {name: u, packet: {protocol: icmp, icmpType: echo-reply, ipv4Options: 4, fragment: none}, expect: pass}
`;

/** Bytes and pieces that mean something to YAML, to the schema or to a terminal. */
const PIECES = [
  '&a ',
  '*a',
  '!!map ',
  '---\n',
  '%YAML 1.1\n',
  '<<: ',
  '? ',
  '- ',
  ': ',
  '{',
  '[',
  '}',
  '"',
  "'",
  '|',
  '\t',
]
  .concat([
    '\n',
    '\r',
    '\u0000',
    '\u001b[2J',
    '\u202e',
    '\ufeff',
    '\ud83d\ude00',
    '__proto__: ',
    'constructor: ',
    '..',
    '0x1',
  ])
  .concat([
    '.nan',
    '~',
    'null',
    '1e999',
    '#',
    '@',
    '`',
    'policy: ',
    'rules: ',
    'list: ',
    '{redirect: ',
    '::/0',
    'x'.repeat(300),
  ]);

interface Edit {
  at: number;
  remove: number;
  insert: Uint8Array;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(POLICY.length),
  remove: fc.oneof(fc.constant(0), fc.nat(20)),
  insert: fc.oneof(
    fc.constantFrom(...PIECES).map((piece) => Buffer.from(piece)),
    fc.uint8Array({ maxLength: 4 }),
  ),
});

function mutate(text: string, edits: Edit[]): Buffer {
  return edits.reduce((bytes, { at, remove, insert }) => {
    const start = at % text.length;
    return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + remove)]);
  }, Buffer.from(text));
}

/** What a reader found. */
interface Outcome {
  problems: Diagnostic[];
  /** Of interfaces or rules, and one for the file if it could be used. */
  count: number;
  /** Of this process alone: others may keep the processors busy. What hangs takes many times more than is allowed. */
  milliseconds: number;
}

function timed(read: () => Omit<Outcome, 'milliseconds'>): Outcome {
  const started = process.cpuUsage();
  const found = read();
  return { ...found, milliseconds: process.cpuUsage(started).user / 1000 };
}

const KINDS = [
  {
    kind: 'Host',
    file: 'hosts/edge-1.yaml',
    text: HOST,
    read: (folder: string) =>
      timed(() => {
        const { interfaces, problems } = readHost(folder);
        return { problems, count: 1 + interfaces.length };
      }),
    count: 4,
  },
  {
    kind: 'Policy',
    file: 'policies/edge.yaml',
    text: POLICY,
    read: (folder: string) =>
      timed(() => {
        const { policy, problems } = readPolicy(folder);
        if (policy) compilePolicy(policy);
        return { problems, count: policy ? 1 + policy.rules.length : 0 };
      }),
    count: 4,
  },
];

test.each(KINDS)(
  'a mutated $kind gives diagnostics that can be shown, or is valid',
  ({ file, text, read }) => {
    const folder = scratch();
    write(folder, { 'lists/bogons.txt': '192.0.2.0/24\n' });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 6 }), (edits) => {
        write(folder, { [file]: mutate(text, edits) });
        const { problems, count, milliseconds } = read(folder);
        expect(milliseconds).toBeLessThan(2000);
        expect(count + problems.length).toBeGreaterThan(0);
        for (const problem of problems) {
          expect(problem.at.line).toBeGreaterThan(0);
          expect(problem.at.column).toBeGreaterThan(0);
          expect(problem.detail).not.toBe('');
        }
        // None of them may reach a terminal.
        expect(renderDiagnostics(problems, { color: false })).not.toMatch(
          /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/,
        );
      }),
      { numRuns: 500 },
    );
  },
);

test('a hundred thousand unknown fields are told within bounds of time', () => {
  const folder = scratch();
  const fields = Array.from({ length: 100_000 }, (_, at) => `k${at}: 1`).join('\n');
  write(folder, { 'hosts/edge-1.yaml': `${HOST}${fields}\n` });
  const { problems, milliseconds } = timed(() => ({ ...readHost(folder), count: 0 }));
  expect(problems.length).toBeLessThan(102);
  expect(milliseconds).toBeLessThan(15_000);
});

test.each(KINDS)('the unmutated $kind is valid', ({ file, text, read, count }) => {
  const folder = scratch();
  write(folder, { 'lists/bogons.txt': '192.0.2.0/24\n', [file]: text });
  expect(read(folder)).toMatchObject({ count, problems: [] });
});

test.each<[name: string, unit: string, expected: string]>([
  ['open lists', '[', ':1:32-33 nested too deeply'],
  ['open maps', '{', ':1:32-33 nested too deeply'],
  ['nested list items', '- ', ':1:63-64 nested too deeply'],
  ['nested keys', 'a: ', ':1:94-95 nested too deeply'],
  ['closing brackets', ']', ' file too large'],
  ['anchors', '&a ', ' file too large'],
  ['quotes', '"', ' file too large'],
])('4 MiB of %s are refused within bounds of time and memory', (_name, unit, expected) => {
  const folder = scratch();
  write(folder, { 'hosts/edge-1.yaml': unit.repeat(Math.floor(STATE_FILE_LIMIT / unit.length)) });
  const { problems, milliseconds } = timed(() => ({ ...readHost(folder), count: 0 }));
  expect(problems.map(placeAndSummary).join('\n')).toContain(expected);
  expect(problems.length).toBeLessThan(102);
  expect(milliseconds).toBeLessThan(15_000);
});
