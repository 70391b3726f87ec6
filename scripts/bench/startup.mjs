// What starting costs, as ratios: `xdpkeep --version` to a bare `node -e 0`, and a reconcile with nothing to do on ten
// interfaces to a bare node plus four bpftool calls.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, milliseconds, reconcileCommand } from './commands.mjs';
import { interleave, median, summarize } from './statistics.mjs';
import { addVeth } from './subjects.mjs';

const ROUNDS = 15;
const INTERFACES = 10;

/** Rows `{ name, ms, base, baseMs, ratio }`, of medians. */
export function measureStartup(work) {
  const state = join(work, 'startup');
  mkdirSync(join(state, 'hosts'), { recursive: true });
  for (let at = 0; at < INTERFACES; at++) addVeth(`start${at}`);
  const interfaces = Array.from({ length: INTERFACES }, (_, at) => [
    `start${at}`,
    { mode: 'native', program: { builtin: 'icmp-drop' } },
  ]);
  const host = {
    apiVersion: 'xdpkeep/v1',
    kind: 'Host',
    name: 'bench',
    interfaces: Object.fromEntries(interfaces),
  };
  writeFileSync(join(state, 'hosts/bench.yaml'), JSON.stringify(host));

  const reconcile = () => milliseconds(...reconcileCommand(work, 'startup'));
  reconcile(); // the first one attaches, all others find nothing to do
  const bpftool = () =>
    ['net', 'prog', 'map', 'link'].reduce(
      (sum, noun) => sum + milliseconds('bpftool', '-j', noun, 'show'),
      0,
    );
  const time = summarize(
    interleave(ROUNDS, {
      node: () => milliseconds(process.execPath, '-e', '0'),
      version: () => milliseconds(process.execPath, bundle, '--version'),
      bpftool,
      reconcile,
    }),
    median,
  );
  const row = (name, ms, base, baseMs) => ({ name, ms, base, baseMs, ratio: ms / baseMs });
  return [
    row('xdpkeep --version', time.version, 'node -e 0', time.node),
    row(
      `no-op reconcile, ${INTERFACES} interfaces`,
      time.reconcile,
      'node -e 0 + 4 bpftool',
      time.node + time.bpftool,
    ),
  ];
}
