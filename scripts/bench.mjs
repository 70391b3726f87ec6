// Prints two ratios: `xdpkeep --version` to a bare `node -e 0`, and a reconcile with nothing to do on ten interfaces
// to a bare node plus four bpftool calls. Medians of interleaved runs, so that a slow second hits all alike.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROUNDS = 15;
const INTERFACES = 10;
const bundle = new URL('../dist/xdpkeep.js', import.meta.url).pathname;

const netns = `xk-bench-${process.pid}`;
const work = mkdtempSync(join(tmpdir(), 'xdpkeep-bench.'));
const bpffs = join(work, 'bpf');
const sh = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });

function milliseconds(command, ...args) {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(command, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Medians by name, in milliseconds. */
function measure(subjects) {
  const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(subjects)) times[name].push(run());
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
}

function setUp() {
  sh('ip', 'netns', 'add', netns);
  for (let at = 0; at < INTERFACES; at++)
    sh('ip', '-n', netns, 'link', 'add', `b${at}`, 'type', 'veth', 'peer', 'name', `p${at}`);
  mkdirSync(bpffs);
  sh('mount', '-t', 'bpf', 'bpf', bpffs);
  mkdirSync(join(work, 'state/hosts'), { recursive: true });
  const interfaces = '  "b*":\n    mode: native\n    program: {builtin: icmp-drop}\n';
  writeFileSync(
    join(work, 'state/hosts/bench.yaml'),
    `apiVersion: xdpkeep/v1\nkind: Host\nname: bench\ninterfaces:\n${interfaces}`,
  );
}

function cleanUp() {
  spawnSync('umount', [bpffs]);
  spawnSync('ip', ['netns', 'del', netns]);
  rmSync(work, { recursive: true, force: true });
}

try {
  setUp();
  const inside = (...args) => milliseconds('nsenter', `--net=/var/run/netns/${netns}`, ...args);
  const flags = [
    '--state',
    join(work, 'state'),
    '--host',
    'bench',
    '--bpffs',
    bpffs,
    '--data-dir',
    join(work, 'data'),
  ];
  const reconcile = () => inside(process.execPath, bundle, 'reconcile', ...flags);
  reconcile(); // the first one attaches, all others find nothing to do
  const bpftool = () =>
    ['net', 'prog', 'map', 'link'].reduce((sum, noun) => sum + inside('bpftool', '-j', noun, 'show'), 0);
  const time = measure({
    node: () => milliseconds(process.execPath, '-e', '0'),
    version: () => milliseconds(process.execPath, bundle, '--version'),
    nodeInside: () => inside(process.execPath, '-e', '0'),
    bpftool,
    reconcile,
  });
  const rows = [
    ['xdpkeep --version', time.version, 'node -e 0', time.node, 1.6],
    [
      `no-op reconcile, ${INTERFACES} interfaces`,
      time.reconcile,
      'node -e 0 + 4 bpftool',
      time.nodeInside + time.bpftool,
      3,
    ],
  ];
  for (const [name, value, baseName, base, target] of rows) {
    const ratio = value / base;
    const verdict = ratio <= target ? 'holds' : 'MISSED';
    console.log(
      `${name}: ${value.toFixed(0)} ms; ${baseName}: ${base.toFixed(0)} ms; ratio ${ratio.toFixed(2)} (at most ${target}): ${verdict}`,
    );
    if (ratio > target) process.exitCode = 1;
  }
} finally {
  cleanUp();
}
