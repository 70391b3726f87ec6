// From a changed policy to the kernel: compiling 1,000 rules, and a whole reconcile after one rule has changed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { milliseconds, reconcileCommand } from './commands.mjs';
import { mixed, toStateFile } from './policies.mjs';
import { median } from './statistics.mjs';
import { addVeth } from './subjects.mjs';

const ROUNDS = 7;

/** `{ first, median }` in ms; the first one is what a process that has just started sees. */
export function measureCompile(core) {
  const wanted = mixed(1000);
  const times = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    core.compilePolicy(wanted);
    return performance.now() - started;
  });
  return { first: times[0], median: median(times) };
}

/** Rows `{ rules, attach, median, max }` in ms of `xdpkeep reconcile`, process start included. */
export function measureChanges(work) {
  return [20, 1000].map((rules) => {
    const state = `change${rules}`;
    const device = `chg${rules}`;
    addVeth(device);
    for (const folder of ['hosts', 'policies']) mkdirSync(join(work, state, folder), { recursive: true });
    const host = { apiVersion: 'xdpkeep/v1', kind: 'Host', name: 'bench' };
    const interfaces = { [device]: { mode: 'native', policy: 'bench' } };
    writeFileSync(join(work, state, 'hosts/bench.yaml'), JSON.stringify({ ...host, interfaces }));
    const reconcile = (round) => {
      writeFileSync(join(work, state, 'policies/bench.yaml'), toStateFile(changed(mixed(rules), round)));
      return milliseconds(...reconcileCommand(work, state));
    };
    const attach = reconcile(0);
    const times = Array.from({ length: ROUNDS }, (_, at) => reconcile(at + 1));
    return { rules, attach, median: median(times), max: Math.max(...times) };
  });
}

/** The rule in the middle asks for another port in each round. */
function changed(wanted, round) {
  const { match } = wanted.rules[wanted.rules.length >> 1];
  match.destinationPort = [{ from: 1000 + round, to: 1000 + round }];
  return wanted;
}
