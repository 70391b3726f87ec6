// From a changed policy to the kernel: compiling 1,000 rules, and a reconcile after one rule has changed: until the kernel
// decides by the new program, and until the process has ended.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { milliseconds, reconcileCommand, untilChanged } from './commands.mjs';
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

/**
 * Rows `{ rules, attach, swap, median, max }` in ms, start of the process included: `swap` is the median until the pinned
 * link runs another program, `median` and `max` are those of the whole `xdpkeep reconcile`.
 */
export async function measureChanges(core, work) {
  const rows = [];
  for (const rules of [20, 1000]) rows.push(await measureChange(core, work, rules));
  return rows;
}

async function measureChange(core, work, rules) {
  const state = `change${rules}`;
  const device = `chg${rules}`;
  addVeth(device);
  for (const folder of ['hosts', 'policies']) mkdirSync(join(work, state, folder), { recursive: true });
  const host = { apiVersion: 'xdpkeep/v1', kind: 'Host', name: 'bench' };
  const interfaces = { [device]: { mode: 'native', policy: 'bench' } };
  writeFileSync(join(work, state, 'hosts/bench.yaml'), JSON.stringify({ ...host, interfaces }));
  const write = (round) =>
    writeFileSync(join(work, state, 'policies/bench.yaml'), toStateFile(changed(mixed(rules), round)));
  write(0);
  const attach = milliseconds(...reconcileCommand(work, state));
  const link = core.openPin(core.pinPathsOf('/sys/fs/bpf').link(device));
  const program = () => core.linkInfo(link).programId;
  const times = [];
  for (let round = 1; round <= ROUNDS; round++) {
    write(round);
    times.push(await untilChanged(program, ...reconcileCommand(work, state)));
  }
  const ended = times.map((time) => time.ended);
  const swap = median(times.map((time) => time.changed));
  return { rules, attach, swap, median: median(ended), max: Math.max(...ended) };
}

/** The rule in the middle asks for another port in each round. */
function changed(wanted, round) {
  const { match } = wanted.rules[wanted.rules.length >> 1];
  match.destinationPort = [{ from: 1000 + round, to: 1000 + round }];
  return wanted;
}
