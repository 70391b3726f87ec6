// A policy of which most rules are known is the policy that parsing all of it makes, whatever was done to its text.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KnownPolicy, takeOutKnown } from '../../../src/desired/policy/known-rules.js';
import { Source } from '../../../src/desired/yaml/source.js';
import { known, read } from './known-policy.js';
import { policyFile, stateDir, write } from '../state-dir.js';

const BLOCK = policyFile(
  'rules:',
  '  - name: a',
  '    match: {protocol: tcp, source: 192.0.2.0/24}',
  '    action: drop',
  '  # about b',
  '  - name: b',
  '    match:',
  '      protocol: udp',
  '      destinationPort: [53, 123]',
  '    action: pass',
  '',
  '  - name: c',
  '    match: {source: {list: known}}',
  '    action: drop',
  '  - name: d',
  '    match: {source: [',
  '      10.0.0.0/8,',
  '      "2001:db8::/32"]}',
  '    action: drop',
  '  - {name: e, action: {redirect: {cpu: 1}}, until: 2030-01-01T00:00:00Z}',
  '  - name: f',
  '    match: {protocol: icmp, icmpType: echo-request}',
  '    action: drop',
  'tests:',
  '  - name: a drops',
  '    packet: {protocol: tcp, source: 192.0.2.1}',
  '    expect: drop',
  '    rule: a',
  '  - name: all else passes',
  '    packet: {}',
  '    expect: pass',
);

const FLOW = `${JSON.stringify(
  {
    apiVersion: 'xdpkeep/v1',
    kind: 'Policy',
    name: 'edge',
    rules: ['a', 'b', 'c', 'd'].map((name, at) => {
      return { name, match: { protocol: 'tcp', destinationPort: [at + 1, '80-90'] }, action: 'drop' };
    }),
    tests: [{ name: 't', packet: {}, expect: 'pass' }],
  },
  null,
  1,
)}\n`;

const LISTS = { 'lists/known.txt': '203.0.113.0/24\n' };

function takenOut(text: string, was: KnownPolicy): string[] {
  return takeOutKnown(new Source('policies/edge.yaml', text), was)?.names ?? [];
}

/** One line of the text for another. */
function edit(text: string, line: string, ...lines: string[]): string {
  const edited = text.replace(`${line}\n`, lines.map((one) => `${one}\n`).join(''));
  expect(edited).not.toBe(text);
  return edited;
}

test.each<[string, string, string, string[]]>([
  [
    'a changed rule',
    BLOCK,
    edit(BLOCK, '      destinationPort: [53, 123]', '      destinationPort: [53]'),
    ['a', 'd', 'e'],
  ],
  ['a comment', BLOCK, edit(BLOCK, '  # about b', '  # of b', '# and more'), ['b', 'd', 'e']],
  [
    'a rule more',
    BLOCK,
    edit(BLOCK, '  # about b', '  # about b', '  - {name: x, action: drop}'),
    ['a', 'b', 'd', 'e'],
  ],
  [
    'a rule less',
    BLOCK,
    edit(BLOCK, '  - {name: e, action: {redirect: {cpu: 1}}, until: 2030-01-01T00:00:00Z}'),
    ['a', 'b', 'd'],
  ],
  ['another default', BLOCK, edit(BLOCK, 'tests:', 'default: drop', 'tests:'), ['a', 'b', 'd', 'e']],
  ['lines in front', BLOCK, `# one\n# two\n${BLOCK}`, ['a', 'b', 'd', 'e']],
  ['a flow', FLOW, edit(FLOW, '     3,', '     4,'), ['a', 'b']],
  ['an order', FLOW, FLOW, ['a', 'b', 'c']],
])('%s: what did not change is not parsed', (_what, before, after, names) => {
  const folder = stateDir(LISTS);
  const was = known(folder, before);
  expect(takenOut(after, was)).toEqual(names);
  const fresh = read(folder, after);
  expect(fresh.problems).toEqual([]);
  expect(read(folder, after, was)).toEqual(fresh);
});

/** What makes the same lines mean something else, or nothing. */
const TRAPS: [string, string][] = [
  ['a quote that is not closed', edit(BLOCK, '  - name: a', '  - name: "a')],
  [
    'a bracket that is not closed',
    edit(BLOCK, '    match: {protocol: tcp, source: 192.0.2.0/24}', '    match: {protocol: tcp'),
  ],
  ['a block of text', edit(BLOCK, '  # about b', '  - name: |')],
  ['a block of text under `name`', edit(BLOCK, 'kind: Policy', 'kind: |', '  Policy')],
  ['rules that became tests', BLOCK.replace('rules:', 'tests:').replace('\ntests:', '\nrules:')],
  ['rules under another key', edit(BLOCK, 'rules:', 'rule:')],
  [
    'a rule twice',
    BLOCK.replace(
      '  # about b\n',
      `  # about b\n${BLOCK.slice(BLOCK.indexOf('  - name: b'), BLOCK.indexOf('  - name: c'))}`,
    ),
  ],
  ['a name twice', edit(BLOCK, '  - name: c', '  - name: b')],
  ['a test of a rule that is gone', edit(BLOCK, '    rule: a', '    rule: z')],
  ['rules twice', edit(BLOCK, 'tests:', 'rules:')],
  ['an anchor', edit(BLOCK, '  - name: c', '  - &x', '    name: c')],
  ['a second document', edit(BLOCK, '  # about b', '---')],
  ['another indentation', edit(BLOCK, '  - name: f', ' - name: f')],
  ['no rules', edit(BLOCK, 'rules:', 'rules: []')],
  ['a deeper list', edit(BLOCK, '  # about b', '  - name: x', '    action:')],
  ['an end', edit(BLOCK, '  - name: c', '...', '  - name: c')],
  ['a tab', edit(BLOCK, '  # about b', '\t')],
];

test.each(TRAPS)('%s is read as ever', (_what, after) => {
  const folder = stateDir(LISTS);
  const was = known(folder, BLOCK);
  expect(read(folder, after, was)).toEqual(read(folder, after));
});

test('a list that changed changes the rules that name it', () => {
  const folder = stateDir(LISTS);
  const was = known(folder, BLOCK);
  write(folder, { 'lists/known.txt': '198.51.100.0/24\n' });
  const after = read(folder, BLOCK, was);
  expect(after).toEqual(read(folder, BLOCK));
  expect(after.policy?.rules[2]?.match).toMatchObject({
    contents: [{ content: { four: Uint32Array.of(0xc6336400, 0xc63364ff) } }, undefined],
  });
});

const SPOILS = [
  '',
  '#',
  '  - name: x',
  '  - {name: y, action: drop}',
  '    action: drop',
  'tests:',
  'rules:',
  '  "',
  "  '",
  '[',
  ']',
  '{',
  '},',
  '  |',
  'x: >',
  '- ',
  '  -',
  '   ',
  '  - a',
  '---',
  '  {',
  '   "a": 1',
];

test('whatever is done to the lines, the policy is that of a parser who knows nothing', () => {
  const folder = stateDir(LISTS);
  const change = fc.tuple(fc.constantFrom('remove', 'insert', 'swap', 'copy', 'indent'), fc.nat(), fc.nat());
  const all = [BLOCK, FLOW].map((text) => known(folder, text));
  let used = 0;
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.array(change, { minLength: 1, maxLength: 3 }), (was, changes) => {
      const lines = was.text.split('\n');
      for (const [kind, x, y] of changes) {
        const [at, to] = [x % lines.length, y % lines.length];
        if (kind === 'remove') lines.splice(at, 1 + (y % 4));
        else if (kind === 'insert') lines.splice(at, 0, SPOILS[y % SPOILS.length] ?? '');
        else if (kind === 'copy') lines.splice(to, 0, ...lines.slice(at, at + 1 + (x % 5)));
        else if (kind === 'indent') lines[at] = ` ${lines[at] ?? ''}`;
        else [lines[at], lines[to]] = [lines[to] ?? '', lines[at] ?? ''];
      }
      const text = lines.join('\n');
      const fresh = read(folder, text);
      expect(read(folder, text, was)).toEqual(fresh);
      if (fresh.policy && takenOut(text, was).length > 0) used++;
    }),
    { numRuns: 3000 },
  );
  expect(used).toBeGreaterThan(100);
});
