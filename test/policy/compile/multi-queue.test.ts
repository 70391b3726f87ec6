// Several CPUs at once: what two processes, each bound to a CPU of its own, run through one firewall is counted to the last
// packet, and limited to one rate.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { type Count, readCounter } from '../../../src/kernel/counters.js';
import { loadPolicy } from '../../../src/kernel/load-policy.js';
import { writeEntry } from '../../../src/kernel/map-write.js';
import { BpfObject } from '../../../src/kernel/object.js';
import { pin } from '../../../src/kernel/pinned.js';
import type { Policy, Rule } from '../../../src/model/policy.js';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { createLab, type Lab } from '../../lab.js';
import { listening } from '../../lab/exec.js';
import { compileProgram } from '../../lab/programs.js';
import { bindForTest, firewallObject } from '../datapath.js';
import { policy, rule } from '../policy.js';

const UDP = { protocol: [{ from: 17, to: 17 }] };
const frame = buildPacket({ protocol: 17, destinationPort: 9 });

interface Firewall extends Disposable {
  object: BpfObject;
  packets: (row: string) => number;
  bytes: (row: string) => number;
}

function load(wanted: Policy): Firewall {
  const tables = compilePolicy(wanted);
  const object = loadPolicy(firewallObject(), bindForTest(tables));
  const names = [...new Set(tables.owners.map(({ row }) => row))];
  const counted = (row: string): Count => readCounter(object.mapFd('counters'), names.indexOf(row));
  return {
    object,
    packets: (row) => Number(counted(row).packets),
    bytes: (row) => Number(counted(row).bytes),
    [Symbol.dispose]: () => {
      object[Symbol.dispose]();
    },
  };
}

function limited(rateLimit: NonNullable<Rule['rateLimit']>): Policy {
  return policy([rule('limit', UDP, 'drop', { rateLimit })]);
}

/** Runs a program on two CPUs at once. Frames that went through it, and seconds from the first to the last. */
async function storm(lab: Lab, program: number, frames: number, seconds: number): Promise<[number, number]> {
  const path = join(lab.bpffs, 'storm');
  pin(program, path);
  const script = join(inject('children'), 'storm.mjs');
  const args = [script, path, String(frames), String(seconds), Buffer.from(frame).toString('hex')];
  const storms = [0, 1].map((cpu) =>
    listening('taskset', ['-c', String(cpu % availableParallelism()), process.execPath, ...args]),
  );
  // At once: what a process says while nobody listens is lost.
  await Promise.all(storms.map((one) => new Promise((resolve) => one.stdout.once('data', resolve))));
  const begin = process.hrtime.bigint() + 500_000_000n;
  for (const one of storms) one.stdin.end(String(begin));
  const said = (await Promise.all(storms)).map(({ stdout }) => stdout.split('\n').at(-1)?.split(' ') ?? []);
  const times = said.map(([, start = '', end = '']) => [Number(start), Number(end)] as const);
  const [begins, ends] = [times.map(([start]) => start), times.map(([, end]) => end)];
  expect(Math.max(...begins), 'both ran at once').toBeLessThan(Math.min(...ends));
  return [
    said.reduce((sum, [sent]) => sum + Number(sent), 0),
    (Math.max(...ends) - Math.min(...begins)) / 1e9,
  ];
}

it('every packet is counted, and every byte', async () => {
  await using lab = await createLab();
  using firewall = load(policy([rule('udp', UDP, 'drop')]));
  const [sent] = await storm(lab, firewall.object.programFd(), 8_000_000, 60);
  expect(sent).toBe(16_000_000);
  expect(firewall.packets('udp')).toBe(sent);
  expect(firewall.packets('(default)')).toBe(0);
  expect(firewall.bytes('udp')).toBe(sent * frame.length);
});

it.each(['rule', 'source'] as const)('one limit for both CPUs, per %s', async (per) => {
  await using lab = await createLab();
  // So large that it takes five seconds in which neither gets a CPU before anything is lost.
  const [packetsPerSecond, burst] = [20_000, 100_000];
  using firewall = load(limited({ packetsPerSecond, burst, per }));
  const [sent, seconds] = await storm(lab, firewall.object.programFd(), 1e9, 3);
  const passed = firewall.packets('(default)');
  expect(passed + firewall.packets('limit')).toBe(sent);
  const wanted = burst + seconds * packetsPerSecond;
  expect(passed / wanted).toBeGreaterThan(0.95);
  expect(passed / wanted).toBeLessThan(1.05);
});

it('a limit per source holds for a million sources that come in turn, when as many are remembered', async () => {
  const [sources, rounds, burst] = [1_000_000, 4, 2];
  await using lab = await createLab();
  // So slow that no bucket gets anything meanwhile, however busy the machine is.
  const limit = { packetsPerSecond: 1e-4, burst, per: 'source', sources: 1_100_000 } as const;
  using firewall = load(limited(limit));
  using object = BpfObject.open(await compileProgram('strewn'), 'strewn');
  object.load();
  const turn = BigUint64Array.of(0n, BigInt(sources));
  writeEntry(object.mapFd('turns'), 'turns', 0, new Uint8Array(turn.buffer));
  const subject = Uint32Array.of(firewall.object.programFd());
  writeEntry(object.mapFd('subject'), 'subject', 0, new Uint8Array(subject.buffer));
  const [sent] = await storm(lab, object.programFd(), (sources * rounds) / 2, 60);
  expect(sent).toBe(sources * rounds);
  const passed = firewall.packets('(default)');
  expect(passed + firewall.packets('limit')).toBe(sent);
  expect(passed).toBeGreaterThanOrEqual(sources * burst);
  expect(passed).toBeLessThan(1.001 * sources * burst);
});
