// Lists as bytes, held against the reader of single addresses as text.
import fc from 'fast-check';
import { rounds } from '../../support/budget.js';
import { describe, expect, test } from 'vitest';
import { parseCidr } from '../../../src/addresses/parse.js';
import { NetworkBytes } from '../../../src/addresses/parse-bytes.js';
import { parseFourLines } from '../../../src/addresses/parse-four-lines.js';
import type { ListFormat } from '../../../src/desired/lists/list-formats.js';
import { parseList, type ParsedList } from '../../../src/desired/lists/list-parser.js';
import { formatCidr } from '../../../src/addresses/format.js';
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import { fromCidrs, toCidrs } from '../../../src/addresses/networks.js';
import type { Cidr } from '../../../src/addresses/cidr.js';
import { countRanges } from '../../../src/addresses/ranges.js';
import { placeAndSummary } from '../state-dir.js';

function parse(
  text: string,
  format: ListFormat = { format: 'plain' },
  skipBad = false,
): ParsedList & { networks: string[]; told: string[]; problems: Diagnostic[] } {
  const problems: Diagnostic[] = [];
  const parsed = parseList({ file: 'lists/x', bytes: Buffer.from(text), format, skipBad }, problems);
  const networks = toCidrs(parsed.ranges).map(formatCidr);
  return {
    ...parsed,
    networks,
    problems,
    told: problems.map((one) => placeAndSummary(one).replace('lists/x:', '')),
  };
}

const csv = (column: number | string, header = false, separator = ','): ListFormat => {
  return { format: 'csv', columns: [column], header, separator };
};

/** What the byte reader says, as text; `undefined` for what it leaves to the reader of text. */
function readBytes(text: string): string | undefined {
  const reader = new NetworkBytes();
  const bytes = Buffer.from(`x${text}x`);
  const family = reader.read(bytes, 1, bytes.length - 1);
  if (family === 0) return undefined;
  const words = reader.words.slice(0, family === 4 ? 2 : 8);
  return toCidrs(
    family === 4 ? { four: words, six: new Uint32Array() } : { four: new Uint32Array(), six: words },
  )
    .map(formatCidr)
    .join();
}

/** The same of the reader of whole lines, which takes IPv4 alone. */
function readLine(text: string): string | undefined {
  const words = new Uint32Array(6);
  const bytes = Buffer.from(`x${text}\n${text}\n${text}${' '.repeat(24)}`);
  const { next, lines } = parseFourLines(bytes, 1, words, 2, 9);
  if (lines === 0) return undefined;
  expect([next, lines]).toEqual([1 + 2 * (text.length + 1), 2]); // the third has no line break
  expect([...words.subarray(4, 6)]).toEqual([...words.subarray(2, 4)]);
  return toCidrs({ four: words.slice(2, 4), six: new Uint32Array() })
    .map(formatCidr)
    .join();
}

const group = fc.oneof(
  fc.constantFrom('0', '1', 'ffff', '00ff', 'Ab', ''),
  fc.nat(0xffff).map((one) => one.toString(16)),
);
const six = fc.array(group, { maxLength: 9 }).map((groups) => groups.join(':'));
const four = fc
  .array(fc.oneof(fc.nat(260).map(String), fc.constantFrom('0', '00', '01', '255', '')), {
    minLength: 3,
    maxLength: 5,
  })
  .map((parts) => parts.join('.'));
const length = fc.oneof(
  fc.constant(''),
  fc.nat(130).map((one) => `/${one}`),
  fc.constantFrom('/', '/08', '/x', '/1/2', '/0'),
);

test('what the byte reader reads, the text reader reads alike; what it refuses, that one has the last word on', () => {
  fc.assert(
    fc.property(fc.oneof(six, four), length, (address, suffix) => {
      const text = address + suffix;
      const read = parseCidr(text);
      const bytes = readBytes(text);
      expect(readLine(text)).toBe(text.includes(':') ? undefined : bytes);
      if (bytes !== undefined)
        expect([text, bytes]).toEqual([text, 'message' in read ? read : formatCidr(read)]);
      else if (!('message' in read)) expect(text).toMatch(/:\d+\.\d+\.\d+\.\d+/); // an end written like IPv4
    }),
    { numRuns: 3000 },
  );
  for (const text of [
    '::',
    '::1',
    '1::',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    'fe80::/10',
    '0.0.0.0/0',
    '::/0',
  ]) {
    expect(readBytes(text)).toBe(text.replace('7::', '7:0').replace('::2:', '0:2:'));
  }
});

const cidr: fc.Arbitrary<Cidr> = fc
  .record({ isFour: fc.boolean(), word: fc.nat(0xffffffff), length: fc.nat(64) })
  .map(({ isFour, word, length: bits }): Cidr => {
    const length = isFour ? bits % 33 : bits;
    const cut = (value: number, free: number) => (free >= 32 ? 0 : ((value >>> free) << free) >>> 0);
    return isFour
      ? { family: 4, a: cut(word, 32 - length), b: 0, c: 0, d: 0, length }
      : {
          family: 6,
          a: cut(word, 32 - length),
          b: length > 32 ? cut(word, 64 - length) : 0,
          c: 0,
          d: 0,
          length,
        };
  });

test('whatever the format, a list is the set of its networks', () => {
  fc.assert(
    fc.property(fc.array(cidr, { maxLength: 30 }), (cidrs) => {
      const texts = cidrs.map(formatCidr);
      const wanted = fromCidrs(cidrs);
      const said = [
        parse(`${texts.join('\n')}\n`),
        parse(texts.map((one) => ` ${one}\t# x\r\n\n`).join('')),
        parse(`create a hash:net\n${texts.map((one) => `add a ${one} timeout 5`).join('\n')}`, {
          format: 'ipset',
        }),
        parse(`name;"net"\n${texts.map((one) => `"a;""b";"${one}"`).join('\n')}`, csv('net', true, ';')),
      ];
      for (const { ranges, entries, problems } of said) {
        expect({ ranges, entries, problems }).toEqual({
          ranges: wanted,
          entries: cidrs.length,
          problems: [],
        });
      }
    }),
  );
});

describe('formats', () => {
  test.each<[name: string, format: ListFormat, text: string, networks: string[], told: string[]]>([
    ['plain', { format: 'plain' }, '\ufeff10.0.0.0/8 # x\n# y\n\n::1', ['10.0.0.0/8', '::1'], []],
    ['plain with a command', { format: 'plain' }, 'add x 10.0.0.1', [], ['1:1-15 invalid address']],
    ['other blanks', { format: 'plain' }, '\u00a010.0.0.1\u2003\n\u3000\n', ['10.0.0.1'], []],
    [
      'ipset',
      { format: 'ipset' },
      'create x hash:net family inet\nadd x 10.0.0.0/8\nadd x 192.0.2.1 comment "nomatch here"\n# c\n198.51.100.0/24\n',
      ['10.0.0.0/8', '192.0.2.1', '198.51.100.0/24'],
      [],
    ],
    [
      'an exception',
      { format: 'ipset' },
      'add x 10.0.0.0/8\nadd x 10.1.0.0/16 nomatch',
      ['10.0.0.0/8'],
      ['2:7-18 bad line'],
    ],
    [
      'quoted words',
      { format: 'ipset' },
      'add x 10.0.0.1 comment "a nomatch b # c"\nadd x 10.0.0.2 # nomatch\nadd x 10.0.0.3 comment "a # b" nomatch',
      ['10.0.0.1', '10.0.0.2'],
      ['3:7-15 bad line'],
    ],
    [
      'members that are networks',
      { format: 'ipset' },
      'create netmask hash:ip family inet netmask 24\nadd netmask 10.1.1.0\n',
      ['10.1.1.0'],
      ['1:1-46 bad line'],
    ],
    ['nothing added', { format: 'ipset' }, 'add x\n', [], ['1:6 bad line']],
    ['ports', { format: 'ipset' }, 'add x 10.0.0.1,tcp:80', [], ['1:7-22 invalid address']],
    [
      'csv by number',
      csv(2),
      'a,10.0.0.1,b\n#c,10.0.0.2\n\n"x,y", 10.0.0.3 \r\n',
      ['10.0.0.1', '10.0.0.3'],
      [],
    ],
    ['csv by number behind a header', csv(1, true), 'net\n10.0.0.1\n', ['10.0.0.1'], []],
    ['csv by name', csv('net', true, '\t'), '# made today\nid\tnet\n1\t10.0.0.1\n', ['10.0.0.1'], []],
    ['no such column', csv('ip', true), 'id,net\n1,10.0.0.1\n', [], ['1:1-7 bad line']],
    ['a short line', csv(3), '1,2,10.0.0.1\n1,2\n', ['10.0.0.1'], ['2:1-4 bad line']],
    ['an empty field', csv(2), '1,,2\n', [], ['1:1-5 bad line']],
    ['an open quote', csv(2), '1,"10.0.0.1\n', [], ['1:1-12 bad line']],
  ])('%s', (_name, format, text, networks, told) => {
    const parsed = parse(text, format);
    expect({ networks: parsed.networks, told: parsed.told }).toEqual({ networks, told });
  });
});

test('addresses that are read as text are kept like others, however many there are', () => {
  const words = Array.from({ length: 3000 }, (_, at) => Math.imul(at, 0x9e3779b1) >>> 0);
  const four = words.map((word) =>
    [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.'),
  );
  const spaced = words.map((word) => formatCidr({ family: 4, a: word, b: 0, c: 0, d: 0, length: 32 }));
  const { ranges, entries } = parse(
    [...four.map((one) => `64:ff9b::${one}`), ...spaced.map((one) => `\u00a0${one}`)].join('\n'),
  );
  const wanted = words.flatMap((word): Cidr[] => [
    { family: 6, a: 0x64ff9b, b: 0, c: 0, d: word, length: 128 },
    { family: 4, a: word, b: 0, c: 0, d: 0, length: 32 },
  ]);
  expect(entries).toBe(wanted.length);
  expect(ranges).toEqual(fromCidrs(wanted));
});

test('the first line of a table that is none says how to pass it', () => {
  const { problems } = parse('net,why\n10.0.0.1,x\n', csv(1));
  expect(problems).toMatchObject([
    { at: { line: 1 }, hint: expect.stringContaining('header: true') as string },
  ]);
});

test('duplicates and overlaps are counted', () => {
  const { entries, duplicates, overlaps, ranges } = parse(
    '10.0.0.0/8\n10.1.0.0/16\n10.0.0.0/8\n11.0.0.0/8\n::1\n::1\n',
  );
  expect({ entries, duplicates, overlaps, ranges: countRanges(ranges) }).toEqual({
    entries: 6,
    duplicates: 2,
    overlaps: 1,
    ranges: 2,
  });
});

test('bad lines that are to be skipped are left out, counted and told', () => {
  const { networks, skipped, problems } = parse(
    '10.0.0.1\nx\n10.0.0.2/8\n\ny\nz\n',
    { format: 'plain' },
    true,
  );
  expect({ networks, skipped }).toEqual({ networks: ['10.0.0.1'], skipped: 4 });
  expect(problems).toMatchObject([
    {
      severity: 'warning',
      summary: 'bad lines skipped',
      detail: 'lists/x: 4 of its lines are no address or network and left out: lines 2, 3, 5 and 1 more',
      at: { file: 'lists/x', line: 2, column: 1 },
      excerpt: 'x',
    },
  ]);
});

test('an exception or a missing column is never skipped: the rest would mean something else', () => {
  const exception = parse('x\nadd x 10.0.0.0/8 nomatch\n', { format: 'ipset' }, true);
  expect(exception.problems).toMatchObject([{ severity: 'error', at: { line: 2 } }]);
  expect(parse('a,b\n', csv('c', true), true).problems).toMatchObject([
    { severity: 'error', at: { line: 1 } },
  ]);
});

test('up to a million lines: each address is in the set, and no other', () => {
  const count = rounds(1_000_000);
  const address = (at: number) => Math.imul(at, 0x9e3779b1) >>> 0; // each once
  const bytes = Buffer.allocUnsafe(count * 16);
  let used = 0;
  for (let at = 0; at < count; at++) {
    const word = address(at);
    used += bytes.write(
      `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}\n`,
      used,
      'latin1',
    );
  }
  const problems: Diagnostic[] = [];
  let calls = 0;
  const list = {
    file: 'lists/x',
    bytes: bytes.subarray(0, used),
    format: { format: 'plain' },
    skipBad: false,
  } as const;
  const { ranges, entries } = parseList({ ...list, progress: () => calls++ }, problems);
  const wanted = Uint32Array.from({ length: count }, (_, at) => address(at)).sort();
  const found = new Uint32Array(count);
  let at = 0;
  for (let range = 0; range < ranges.four.length; range += 2) {
    for (let one = ranges.four[range] ?? 0; one <= (ranges.four[range + 1] ?? 0); one++) found[at++] = one;
  }
  expect({ entries, at, problems }).toEqual({ entries: count, at: count, problems: [] });
  expect(Buffer.from(found.buffer).equals(Buffer.from(wanted.buffer))).toBe(true);
  expect(calls).toBe(Math.floor(count / (1 << 15)));
});
