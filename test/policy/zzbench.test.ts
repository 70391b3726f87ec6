// needs: lab
import { appendFileSync } from 'node:fs';
import { it } from 'vitest';
import { testRun } from '../../src/kernel/testrun.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { Datapath } from './datapath.js';
import { policy, rule } from './policy.js';

const TCP = { protocol: [{ from: 6, to: 6 }] };
const out = process.env['BENCH_OUT'] ?? '/tmp/bench.txt';
const who = process.env['BENCH_WHO'] ?? '?';
const six = { family: 6 as const, a: 0x20010db8, b: 1, c: 2, d: 3, length: 128 };
const plain = (n: number) => Array.from({ length: n }, (_, at) => rule(`r${at}`, { ...TCP, destinationPort: [{ from: at + 1000, to: at + 1000 }] }, 'drop'));
const CASES: [string, object[], object, object?][] = [
  ['one rule', [rule('x', TCP, 'drop')], {}],
  ['1000 rules', plain(1000), { destinationPort: 1500 }],
  ['rule within', [rule('x', TCP, 'drop', { rateLimit: { packetsPerSecond: 1e7, burst: 1e9, per: 'rule' } as never })], {}],
  ['rule above', [rule('x', TCP, 'drop', { rateLimit: { packetsPerSecond: 1, burst: 1, per: 'rule' } as never })], {}],
  ['source4 within', [rule('x', TCP, 'drop', { rateLimit: { packetsPerSecond: 1e7, burst: 1e9, per: 'source', prefix: { ipv4: 32, ipv6: 64 } } as never })], {}],
  ['source4 above', [rule('x', TCP, 'drop', { rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source', prefix: { ipv4: 32, ipv6: 64 } } as never })], {}],
  ['source6 above', [rule('x', TCP, 'drop', { rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source', prefix: { ipv4: 32, ipv6: 64 } } as never })], { source: six }],
  ['ping6 pass', [rule('x', TCP, 'drop')], { family: 6, protocol: 58, icmpType: 128 }],
];
it('bench', { timeout: 600000 }, () => {
  for (const [name, rules, packet] of CASES) {
    using path = new Datapath(policy(rules as never));
    const data = buildPacket(packet as never);
    let best = Infinity;
    const all: number[] = [];
    for (let round = 0; round < 41; round++) {
      const { duration } = testRun(path.program, { data, repeat: 200000 });
      best = Math.min(best, duration);
      all.push(duration);
    }
    all.sort((a, b) => a - b);
    appendFileSync(out, `${who}\t${name}\t${best}\t${all[20]}\n`);
  }
});
