// What the datapath does beside deciding: it counts, turns frames round, limits, forgets rules after their deadline.
import { describe, expect, it } from 'vitest';
import { readEntry } from '../../../src/kernel/map-write.js';
import { loadPolicy } from '../../../src/kernel/load-policy.js';
import { testRun } from '../../../src/kernel/testrun.js';
import type { BpfObject } from '../../../src/kernel/object.js';
import type { Cidr } from '../../../src/addresses/cidr.js';
import type { Policy, Rule } from '../../../src/model/policy.js';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { askPolicy } from '../../../src/kernel/ask-policy.js';
import { bindForTest, firewallObject } from '../datapath.js';
import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { AT, policy } from '../policy.js';

const XDP = { drop: 1, pass: 2, tx: 3, redirect: 4 };
const COUNT_BYTES = 16;
const NOW = Date.now();

function tcp(rest: Partial<Rule> = {}): Rule {
  return {
    name: 'tcp',
    match: { protocol: [{ from: 6, to: 6 }] },
    action: { kind: 'drop' },
    at: AT,
    ...rest,
  };
}

interface Loaded extends Disposable {
  object: BpfObject;
  counted: (row: string) => { packets: number; bytes: number };
}

/** "0-3" -> 4: per-CPU values come for every CPU that could be. */
function possibleCpus(): number {
  const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'utf8'))?.[1];
  return last === undefined ? availableParallelism() : Number(last) + 1;
}

function load(wanted: Policy): Loaded {
  const unbound = compilePolicy(wanted);
  const object = loadPolicy(firewallObject(), bindForTest(unbound));
  const names = [...new Set(unbound.owners.map(({ row }) => row))];
  const counted = (row: string): { packets: number; bytes: number } => {
    const cpus = possibleCpus();
    const values = readEntry(object.mapFd('counters'), 'counters', names.indexOf(row), COUNT_BYTES * cpus);
    const sum = (at: number): number =>
      Array.from({ length: cpus }, (_, cpu) => Number(values.readBigUInt64LE(cpu * COUNT_BYTES + at))).reduce(
        (total, one) => total + one,
      );
    return { packets: sum(0), bytes: sum(8) };
  };
  return {
    object,
    counted,
    [Symbol.dispose]: () => {
      object[Symbol.dispose]();
    },
  };
}

const FRAME = buildPacket({ length: 84 });

describe('the datapath', () => {
  it('counts packets and the bytes of their frames by rule, and nothing for a question', () => {
    using loaded = load(policy([tcp()]));
    const program = loaded.object.programFd();
    testRun(program, { data: FRAME, repeat: 4 });
    testRun(program, { data: buildPacket({ protocol: 17 }) });
    testRun(program, { data: FRAME.subarray(0, 30) });
    askPolicy(program, FRAME);
    expect(loaded.counted('tcp')).toEqual({ packets: 4, bytes: 392 });
    expect(loaded.counted('(default)').packets).toBe(1);
    expect(loaded.counted('(malformed)')).toEqual({ packets: 1, bytes: 30 });
  });

  it('sends a frame back with its addresses swapped', () => {
    using loaded = load(policy([tcp({ action: { kind: 'tx' } })]));
    const { verdict, data } = testRun(loaded.object.programFd(), { data: FRAME });
    expect(verdict).toBe(XDP.tx);
    expect([...data.subarray(0, 12)]).toEqual([...FRAME.subarray(6, 12), ...FRAME.subarray(0, 6)]);
    expect([...data.subarray(12)]).toEqual([...FRAME.subarray(12)]);
  });

  it.each([{ interface: 'veth-scrub' }, { cpu: 0 }])('redirects to %o', (target) => {
    using loaded = load(policy([tcp({ action: { kind: 'redirect', ...target } })]));
    expect(testRun(loaded.object.programFd(), { data: FRAME }).verdict).toBe(XDP.redirect);
  });

  it('drops nothing in audit mode, and counts what it would drop', () => {
    using loaded = load(policy([tcp()], { mode: 'audit' }));
    const { verdict } = testRun(loaded.object.programFd(), { data: FRAME, repeat: 3 });
    expect([verdict, loaded.counted('tcp').packets]).toEqual([XDP.pass, 3]);
  });

  it('matches above a rate only: a burst goes by, what follows does not', () => {
    using loaded = load(policy([tcp({ rateLimit: { packetsPerSecond: 1, burst: 20, per: 'rule' } })]));
    testRun(loaded.object.programFd(), { data: FRAME, repeat: 100 });
    expect(loaded.counted('(default)').packets).toBe(20);
    expect(loaded.counted('tcp').packets).toBe(80);
  });

  it('keeps a bucket for each source, of each family', () => {
    using loaded = load(policy([tcp({ rateLimit: { packetsPerSecond: 1, burst: 5, per: 'source' } })]));
    const of = (d: number): Cidr => ({ family: 6, a: 0x20010db8, b: 0, c: 0, d, length: 128 });
    for (const source of [of(1), of(2), undefined]) {
      const data = buildPacket(source ? { source } : {});
      testRun(loaded.object.programFd(), { data, repeat: 10 });
    }
    expect([loaded.counted('(default)').packets, loaded.counted('tcp').packets]).toEqual([15, 15]);
  });

  it('refills by time', () => {
    // The bucket holds a second: only a machine that stands still for longer lets it run over.
    using loaded = load(policy([tcp({ rateLimit: { packetsPerSecond: 1000, burst: 1000, per: 'rule' } })]));
    const started = performance.now();
    while (performance.now() - started < 1000)
      testRun(loaded.object.programFd(), { data: FRAME, repeat: 4000 });
    const expected = 1000 + (performance.now() - started);
    const through = loaded.counted('(default)').packets;
    expect(Math.abs(through / expected - 1)).toBeLessThan(0.05);
  });

  it.each([
    ['over', -1, '(default)'],
    ['ahead', 1, 'tcp'],
  ])('knows a deadline that is %s', (_, sign, row) => {
    using loaded = load(policy([tcp({ until: NOW + sign * 3_600_000 })]));
    testRun(loaded.object.programFd(), { data: FRAME });
    expect(loaded.counted(row).packets).toBe(1);
  });

  it('asks for a clock, buckets and CPUs only where a rule does', () => {
    expect(compilePolicy(policy([tcp()], { neighborDiscovery: 'match' })).dynamic).toEqual({});
    expect(compilePolicy(policy([tcp()])).dynamic).toEqual({ limits: 2 });
    const all = [
      tcp({ rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source' } }),
      tcp({ name: 'b', action: { kind: 'redirect', cpu: 3 } }),
      tcp({ name: 'c', log: { oneIn: 10 } }),
    ];
    expect(compilePolicy(policy(all)).dynamic).toEqual({
      limits: 4,
      sources: 65536,
      cpus: 4,
    });
    const asking = [9, 40_000, 60_000].map((sources, at) =>
      tcp({ name: `r${at}`, rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source', sources } }),
    );
    expect(compilePolicy(policy(asking.slice(0, 2))).dynamic['sources']).toBe(65_536);
    expect(compilePolicy(policy(asking)).dynamic['sources']).toBe(100_009);
  });
});
