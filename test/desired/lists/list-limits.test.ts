// Lists whose every line may be right, and that are refused all the same: empty, mostly bad, too wide, of several sets. And what is
// not what it looks like: IPv4-mapped addresses, ranges in two columns.
import { describe, expect, it, test } from 'vitest';
import { parseCidr } from '../../../src/addresses/parse.js';
import { formatCidr } from '../../../src/addresses/format.js';
import { refuseMapped, unmapped } from '../../../src/addresses/mapped.js';
import { toCidrs } from '../../../src/addresses/networks.js';
import { readPolicy } from '../readers.js';
import { placeAndSummary, policyFile, stateDir } from '../state-dir.js';

const RULES = ['rules:', '- {name: r, match: {source: {list: feed}}, action: drop}'];

/** The list `feed` as a policy with these options reads it. */
function read(
  file: string,
  text: string,
  options = '',
): { networks: string[]; told: string[]; hints: string[] } {
  const lines = options === '' ? RULES : [...RULES, 'lists:', `  feed: {${options}}`];
  const { policy, problems } = readPolicy(
    stateDir({ 'policies/edge.yaml': policyFile(...lines), [`lists/${file}`]: text }),
  );
  const set = policy?.rules[0]?.match.source;
  return {
    networks: set ? toCidrs(set.content()).map(formatCidr) : [],
    told: problems.map((one) => placeAndSummary(one).replace(/^lists\/feed\.\w+:/, '')),
    hints: problems.map(({ hint = '' }) => hint),
  };
}

const lines = (good: number, bad: number): string =>
  [
    ...Array.from({ length: good }, (_, at) => `198.51.100.${at * 2}`),
    ...Array.from({ length: bad }, () => 'nonsense'),
  ].join('\n');

describe('refused, with the way out', () => {
  it.each([
    ['nothing', 'feed.txt', '', '', ['1:1 empty list'], 'allowEmpty: true'],
    ['comments alone', 'feed.txt', '# ours\n\n', '', ['1:1 empty list'], 'allowEmpty: true'],
    ['a header alone', 'feed.csv', 'ip,why\n', 'column: ip', ['1:1 empty list'], 'allowEmpty: true'],
    ['all of IPv4', 'feed.txt', '10.0.0.1\n0.0.0.0/0 # x\n', '', ['2:1-10 entry too wide'], 'widest'],
    ['half of IPv4', 'feed.txt', '10.0.0.1\n128.0.0.0/1', '', ['2:1-12 entry too wide'], 'widest'],
    ['all of IPv6', 'feed.txt', '::/0', '', ['1:1-5 entry too wide'], 'ipv6'],
    ['a /15 of IPv6', 'feed.txt', '2000::/15', '', ['1:1-10 entry too wide'], 'ipv6'],
    ['all of IPv4, mapped', 'feed.txt', '::ffff:0:0/96', '', ['1:1-14 entry too wide'], 'widest'],
    [
      'as a range',
      'feed.csv',
      '0.0.0.0,255.255.255.255',
      'start: 1, end: 2',
      ['1:1-8 entry too wide'],
      'widest',
    ],
    [
      'a /16 where 24 bits are asked',
      'feed.txt',
      '10.1.0.0/16',
      'widest: {ipv4: 24}',
      ['1:1-12 entry too wide'],
      'widest',
    ],
    [
      'wide, and bad lines skipped',
      'feed.txt',
      `${lines(20, 1)}\n0.0.0.0/0`,
      'skipBad: true',
      ['22:1-10 entry too wide'],
      'widest',
    ],
    [
      'more than a tenth bad',
      'feed.txt',
      lines(17, 2),
      'skipBad: true',
      ['1:1 too many bad lines'],
      'maxSkipped',
    ],
    ['all bad', 'feed.txt', '<html>\n', 'skipBad: true', ['1:1 too many bad lines'], 'maxSkipped'],
    [
      'two sets',
      'feed.ipset',
      'add ban 10.0.0.1\nadd allow 10.0.0.2\n',
      '',
      ['2:5-19 several sets'],
      'set: ban',
    ],
    [
      'two sets, one empty',
      'feed.ipset',
      'create a hash:ip\ncreate b hash:ip\nadd a 10.0.0.1\n',
      '',
      ['2:1-17 several sets'],
      'set: a',
    ],
    ['a set that is not there', 'feed.ipset', 'add ban 10.0.0.1\n', 'set: bam', ['1:1 unknown set'], '"ban"'],
    ['an inverted range', 'feed.csv', '10.0.0.9,10.0.0.1', 'start: 1, end: 2', ['1:1-9 inverted range'], ''],
    [
      'a range of two families',
      'feed.csv',
      '10.0.0.9,2001:db8::',
      'start: 1, end: 2',
      ['1:1-9 bad range'],
      '',
    ],
  ])('%s', (_name, file, text, options, expected, hint) => {
    const { told, hints } = read(file, text, options);
    const errors = told.filter((one) => !one.includes('bad lines skipped') && !one.includes('IPv4-mapped'));
    expect(errors).toEqual(expected);
    expect(hints.join()).toContain(hint);
  });
});

describe('taken', () => {
  it.each([
    ['nothing, which is meant', 'feed.txt', '# none yet\n', 'allowEmpty: true', []],
    ['the widest that there may be', 'feed.txt', '10.0.0.0/8\n2000::/16', '', ['10.0.0.0/8', '2000::/16']],
    ['neighbours that are wide together', 'feed.txt', '10.0.0.0/8\n11.0.0.0/8', '', ['10.0.0.0/7']],
    ['all of IPv4, which is meant', 'feed.txt', '0.0.0.0/0', 'widest: {ipv4: 0}', ['0.0.0.0/0']],
    [
      'one set of two',
      'feed.ipset',
      'create a hash:ip\ncreate b hash:ip netmask 24\nadd a 10.0.0.1\nadd b 10.0.0.2\n',
      'set: a',
      ['10.0.0.1'],
    ],
    [
      'a range',
      'feed.csv',
      'start,end,why\n10.0.0.0,10.0.0.255,x\n2001:db8::,2001:db8::ff,y\n',
      'start: start, end: end',
      ['10.0.0.0/24', '2001:db8::/120'],
    ],
    [
      'a range in the first two columns, where nobody has named one',
      'feed.csv',
      '10.0.0.0,10.0.0.255,CN\n"2001:db8::","2001:db8::ff",x\n192.0.2.1,24\n192.0.2.8/29,192.0.2.99\n192.0.2.3',
      '',
      ['10.0.0.0/24', '192.0.2.1', '192.0.2.3', '192.0.2.8/29', '2001:db8::/120'],
    ],
    ['one of two addresses, by its column', 'feed.csv', '10.0.0.0,10.0.0.255\n', 'column: 1', ['10.0.0.0']],
    [
      'a range by number, columns the other way round',
      'feed.csv',
      'x,192.0.2.3,192.0.2.0\n',
      'start: 3, end: 2',
      ['192.0.2.0/30'],
    ],
  ])('%s', (_name, file, text, options, expected) => {
    expect(read(file, text, options)).toEqual({ networks: expected, told: [], hints: [] });
  });

  it('a tenth of bad lines, and more where the policy says so', () => {
    expect(read('feed.txt', lines(18, 2), 'skipBad: true').networks.length).toBe(18);
    expect(read('feed.txt', lines(1, 1), 'skipBad: true, maxSkipped: 50%').networks.length).toBe(1);
  });
});

describe('IPv4-mapped addresses', () => {
  it('in a list are IPv4, which is told once', () => {
    const text = '::ffff:203.0.113.9\n::FFFF:cb00:710a\n::ffff:198.51.100.0/120\n0:0:0:0:0:ffff:192.0.2.1\n';
    expect(read('feed.txt', text)).toMatchObject({
      networks: ['192.0.2.1', '198.51.100.0/24', '203.0.113.9', '203.0.113.10'],
      told: ['1:1-19 IPv4-mapped address'],
    });
    expect(read('feed.csv', '::ffff:10.0.0.0,::ffff:10.0.0.3', 'start: 1, end: 2').networks).toEqual([
      '10.0.0.0/30',
    ]);
  });

  test.each([
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::ffff:198.51.100.0/120', '198.51.100.0/24'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
  ])('%s in a rule is refused, and the hint says %s', (text, four) => {
    expect(refuseMapped(parseCidr(text))).toMatchObject({
      summary: 'IPv4-mapped address',
      hint: `Write ${four}, which is IPv4.`,
    });
    const rule = `- {name: r, match: {source: "${text}"}, action: drop}`;
    const { problems } = readPolicy(stateDir({ 'policies/edge.yaml': policyFile('rules:', rule) }));
    expect(problems).toMatchObject([{ summary: 'IPv4-mapped address', at: { line: 5 }, severity: 'error' }]);
  });

  test.each([
    '::1',
    '::',
    '::203.0.113.9',
    '2002:cb00:7109::1',
    '64:ff9b::cb00:7109',
    '::fffe:0:0/95',
    '::/0',
    '10.0.0.1',
  ])('%s is none: packets carry it as it is', (text) => {
    const network = parseCidr(text);
    expect('message' in network).toBe(false);
    expect('message' in network || unmapped(network)).toBeUndefined();
  });
});
