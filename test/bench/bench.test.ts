// The benchmarks run: a tiny list and two interfaces give whole numbers, and what is worse than a tenth is called so.
// needs: iptables lab
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { finish } from '../lab/exec.js';

/** Values of the rounds, by metric. */
type Numbers = Record<string, number[]>;

interface Compare {
  judgeRegressions: (then: Numbers, now: Numbers) => { name: string; worse: boolean }[];
  normalize: (numbers: Numbers) => Numbers;
}

const ALONE = 'mount -t bpf bpf /sys/fs/bpf && exec node scripts/bench.mjs "$@"';

test('scale measures a list and interfaces, in namespaces of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-bench-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'results.json');
  const command = ['--net', '--mount', 'sh', '-c', ALONE, 'bench', 'scale', '--quick', '--json', file];
  const run = await finish('unshare', command, { cwd: resolve('.'), timeout: 280_000 });
  expect(run, run.stderr).toMatchObject({ exitCode: 0 });
  expect(run.stdout).toContain('Many interfaces');

  const results = JSON.parse(readFileSync(file, 'utf8')) as Record<'lists' | 'interfaces', object[]>;
  const [own, trie] = results.lists;
  const number = expect.any(Number) as number;
  const measured = { fill: number, memory: number, change: number, hit: number, miss: number };
  expect(own).toMatchObject({ list: 'quick', name: 'xdpkeep', noop: number, peak: number, ...measured });
  expect(trie).toMatchObject({ list: 'quick', name: 'LPM trie', ...measured });
  const passes = { number: 2, first: number, noop: number, memory: number };
  expect(results.interfaces).toMatchObject([
    { policies: 'one', ...passes },
    { policies: 'each', ...passes },
  ]);
});

test('connections are measured, beside conntrack', async () => {
  const command = ['--net', '--mount', 'sh', '-c', ALONE, 'bench', 'connections', '--quick', '--no-fail'];
  const run = await finish('unshare', command, { cwd: resolve('.'), timeout: 280_000 });
  expect(run, run.stderr).toMatchObject({ exitCode: 0 });
  for (const name of [
    'a known flow, again and again',
    'a packet that leaves',
    'a flow that conntrack alone knows, again and again',
    'policy, 100,000 flows in turn',
    'lookup alone, the same flows: table',
    'lookup alone, the same flows: conntrack',
  ])
    expect(run.stdout).toMatch(new RegExp(`^ +${name} .* -?\\d+ / -?\\d+$`, 'm'));
  expect(run.stdout).toMatch(/a known flow over the floor .* at most 60 ns/);
  expect(run.stdout).toMatch(/lookup to that of conntrack .* at most 1 times/);
});

test.each([
  [['nonsense'], 'there is no benchmark nonsense'],
  [['scale', '1M', '2M'], 'no such case: 2M'],
  [['connections', '1M'], 'no such case: 1M'],
  [['connections', '--write'], 'connections prints its numbers'],
  [['--compare', 'no-such-revision'], 'no such revision or file: no-such-revision'],
  [['--compare', 'gone.json'], 'no such revision or file: gone.json'],
  [['--frob'], "Unknown option '--frob'"],
])('what cannot be measured is refused at once: %j', async (args, said) => {
  const run = await finish('node', ['scripts/bench.mjs', ...args], { cwd: resolve('.') });
  expect(run).toMatchObject({ exitCode: 64, stdout: '' });
  expect(run.stderr).toContain(said);
  expect(run.stderr).toContain('usage: npm run bench');
});

test('help names every case and every option, without root and before anything is installed', async () => {
  const run = await finish('bash', ['scripts/bench.sh', '--help'], { cwd: resolve('.') });
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  for (const word of [
    'connections',
    '"1M IPv6"',
    'interfaces',
    '--compare BASE',
    '--json FILE',
    '--write',
    '--no-fail',
    '--quick',
  ])
    expect(run.stdout).toContain(word);
});

test('more than a tenth worse, by the least and by the median, is a regression', async () => {
  const { judgeRegressions, normalize } = (await import(resolve('scripts/bench/compare.mjs'))) as Compare;
  const then = {
    'a, ms': [100, 110, 120],
    'b, ms': [100, 110, 120],
    'c, ms': [100, 110, 120],
    'gone, ms': [1],
  };
  const now = {
    'a, ms': [112, 122, 150],
    'b, ms': [109, 150, 160],
    'c, ms': [115, 119, 119],
    'new, ms': [1],
  };
  expect(judgeRegressions(then, now).map(({ name, worse }) => [name, worse])).toEqual([
    ['a, ms', true],
    ['b, ms', false],
    ['c, ms', false],
  ]);
  const slower = { 'node -e 0, ms': [50, 40], 'floor, ns': [10], 'a, ms': [80], 'p, ns': [15] };
  expect(normalize(slower)).toMatchObject({ 'a, ms': [2], 'p, ns': [1.5] });
});
