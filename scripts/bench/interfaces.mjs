// Many interfaces: the first pass, the next ones that find nothing to do, and what they take, by their number; with one policy
// for all, and with one for each.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBpffs, milliseconds, reconcileCommand, writeState, xdpkeepCommand } from './commands.mjs';
import { median } from './statistics.mjs';

const NUMBERS = [10, 50, 100, 200];

/** Rows `{ policies: 'one' | 'each', number, first, noop, memory }` in ms, the least of the rounds, and bytes. */
export function measureInterfaces(work, numbers = NUMBERS, rounds = 5) {
  return ['one', 'each'].flatMap((policies) =>
    numbers.map((number) => ({ policies, number, ...measure(work, policies, number, rounds) })),
  );
}

export function addMany(work, prefix, number) {
  const names = Array.from({ length: number }, (_, at) => `${prefix}${at}`);
  batch(
    work,
    names.map((name) => `link add ${name} type veth peer name ${name}p`),
  );
  return names;
}

function measure(work, policies, number, rounds) {
  const state = `many-${policies}-${number}`;
  const bpffs = makeBpffs(state);
  const names = addMany(work, 'm', number);
  const policyOf = (at) => (policies === 'one' ? 'p' : `p${at}`);
  const interfaces = names.map((name, at) => [name, { mode: 'native', policy: policyOf(at) }]);
  const files = names.map((_, at) => [`policies/${policyOf(at)}.yaml`, policyFile(policyOf(at), at)]);
  writeState(work, state, Object.fromEntries(interfaces), Object.fromEntries(files));
  const reconcile = reconcileCommand(work, state, { bpffs });
  const firsts = Array.from({ length: Math.ceil(rounds / 2) }, () => {
    rmSync(join(bpffs, 'xdpkeep'), { recursive: true, force: true });
    rmSync(join(work, `${state}.data`), { recursive: true, force: true });
    return milliseconds(...reconcile);
  });
  const noops = Array.from({ length: rounds }, () => milliseconds(...reconcile));
  const [command, ...args] = xdpkeepCommand(work, state, ['status', '--memory', '--output', 'json'], {
    bpffs,
  });
  const { memory } = JSON.parse(execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 }));
  if (memory.interfaces.length !== number)
    throw new Error(`${memory.interfaces.length} of ${number} attached`);
  rmSync(bpffs, { recursive: true });
  batch(
    work,
    names.map((name) => `link del ${name}`),
  );
  return {
    first: Math.min(...firsts),
    firstMedian: median(firsts),
    noop: Math.min(...noops),
    noopMedian: median(noops),
    memory: memory.total,
  };
}

/** Four rules; one of them says which policy it is. */
export function policyFile(name, at) {
  const rules = [
    { name: 'ping', match: { protocol: 'icmp' }, action: 'drop' },
    { name: 'private', match: { source: ['10.0.0.0/8', '192.168.0.0/16'], protocol: 'tcp' }, action: 'drop' },
    { name: 'names', match: { protocol: 'udp', destinationPort: [53, 123] }, action: 'drop' },
    { name: 'own', match: { protocol: 'udp', destinationPort: 1000 + at }, action: 'drop' },
  ];
  return JSON.stringify({ apiVersion: 'xdpkeep/v1', kind: 'Policy', name, rules }, null, 1);
}

function batch(work, lines) {
  const file = join(work, 'links');
  writeFileSync(file, `${lines.join('\n')}\n`);
  execFileSync('ip', ['-batch', file], { stdio: ['ignore', 'ignore', 'inherit'] });
}
