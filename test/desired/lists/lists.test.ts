import { expect, test } from 'vitest';
import { ListReader } from '../../../src/desired/lists/lists.js';
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import { formatCidr } from '../../../src/addresses/format.js';
import { toCidrs } from '../../../src/addresses/networks.js';
import { readList } from '../readers.js';
import { placeAndSummary, stateDir } from '../state-dir.js';

function read(text: string | Uint8Array): { list: string[]; problems: Diagnostic[] } {
  const { list, problems } = readList(stateDir({ 'lists/bad.txt': text }));
  return { list: toCidrs(list.content()).map(formatCidr), problems };
}

test('comments, empty lines and duplicates are nothing; the order of lines says nothing', () => {
  const text =
    '# ours\n\n  192.0.2.0/24  # doc\r\n2001:db8::/32\n2001::/16\n10.0.0.0/8\n192.0.2.0/24\n10.0.0.0\n2001:0db8::/32';
  expect(read(text)).toEqual({
    list: ['10.0.0.0/8', '192.0.2.0/24', '2001::/16'],
    problems: [],
  });
});

test.each<[name: string, text: string | Uint8Array, expected: string[]]>([
  ['host bits', '10.0.0.0/8\n  10.0.0.1/8 # x\n', ['2:3-13 host bits set']],
  ['two on a line', '10.0.0.1 10.0.0.2\n', ['1:1-18 invalid address']],
  ['a name', 'example.com', ['1:1-12 invalid address']],
  ['several', 'a\n::\n\tb\r\n', ['1:1-2 invalid address', '3:2-3 invalid address']],
  ['not UTF-8', Buffer.from([0x31, 0xff]), ['1:2 not UTF-8']],
])('%s', (_name, text, expected) => {
  expect(read(text).problems.map((one) => placeAndSummary(one).replace('lists/bad.txt:', ''))).toEqual(
    expected,
  );
});

test('a bad line is shown with what to write', () => {
  expect(read('10.0.0.1/8\n').problems).toEqual([
    {
      severity: 'error',
      summary: 'host bits set',
      detail: 'the line must be a network without host bits, not "10.0.0.1/8"',
      hint: 'Write 10.0.0.0/8 for the network, or 10.0.0.1 for the address.',
      at: { file: 'lists/bad.txt', line: 1, column: 1 },
      endColumn: 11,
      excerpt: '10.0.0.1/8',
    },
  ]);
});

test('a file of other text is cut short', () => {
  const { problems } = read('x\n'.repeat(250));
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)).toMatchObject({
    summary: 'more problems',
    detail: 'lists/bad.txt has at least 150 more',
  });
});

test('a hundred thousand networks are read well within a second, and once', () => {
  const lines = Array.from({ length: 100_000 }, (_, at) =>
    at % 4 === 0
      ? `2001:db8:${at.toString(16).slice(-4)}::/48`
      : `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
  );
  const problems: Diagnostic[] = [];
  const reader = new ListReader(
    stateDir({ 'lists/big.txt': lines.join('\n') }),
    problems,
    new MemoryObjectStore(),
  );
  const before = process.cpuUsage(); // the machine may be busy with other tests
  const list = reader.read('big');
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
  expect(problems).toEqual([]);
  expect(list.set.ranges).toBeGreaterThan(40_000);
  expect(reader.read('big')).toBe(list);
});
