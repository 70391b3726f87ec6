// Services whose protocols have different ports, asked of the kernel: exact, with one counter and one bucket for the rule.
// needs: lab
import { expect, test } from 'vitest';
import type { PacketDescription } from '../../src/model/policy.js';
import { compilePolicy } from '../../src/policy/compile/compile.js';
import { evaluate } from '../../src/policy/evaluate.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { Datapath } from './datapath.js';
import { policy, rule } from './policy.js';

const ports = (...numbers: number[]) => numbers.map((from) => ({ from, to: from }));
const SSH_DNS = [
  { protocol: 6, ports: ports(22, 53) },
  { protocol: 17, ports: ports(53) },
];
const PACKETS: [PacketDescription, boolean][] = [
  [{ protocol: 6, destinationPort: 22 }, true],
  [{ protocol: 6, destinationPort: 53 }, true],
  [{ protocol: 17, destinationPort: 53 }, true],
  [{ protocol: 17, destinationPort: 22 }, false],
  [{ protocol: 132, destinationPort: 53 }, false],
  [{ protocol: 1 }, false],
  [{ protocol: 17, destinationPort: 53, fragment: 'later' }, false],
];

test('protocol and port together', () => {
  const wanted = policy([rule('named', { service: SSH_DNS }, 'pass')], { default: 'drop' });
  expect(compilePolicy(wanted).owners.filter(({ row }) => row === 'named')).toHaveLength(2);
  using datapath = new Datapath(wanted);
  for (const [packet, isNamed] of PACKETS) {
    const frame = buildPacket(packet);
    const row = isNamed ? 'named' : '(default)';
    expect([datapath.ask(frame).row, evaluate(wanted, [], frame).row], JSON.stringify(packet)).toEqual([
      row,
      row,
    ]);
  }
});

test('a service in `protect`, in front of a rule that drops all', () => {
  const protections = [{ match: { service: SSH_DNS }, at: { file: 'h', line: 1, column: 1 } }];
  const wanted = policy([rule('all', {}, 'drop')]);
  using datapath = new Datapath(wanted, protections);
  for (const [packet, isNamed] of PACKETS)
    expect(datapath.ask(buildPacket(packet)).row, JSON.stringify(packet)).toBe(isNamed ? '(protect)' : 'all');
});

test('one rate for the rule, whichever of its ports and protocols are asked', () => {
  const limited = rule('named', { service: SSH_DNS }, 'drop', {
    rateLimit: { packetsPerHour: 1, burst: 3, per: 'rule' },
  });
  using datapath = new Datapath(policy([limited]));
  const named = PACKETS.filter(([, isNamed]) => isNamed).map(([packet]) => buildPacket(packet));
  const verdicts = [...named, ...named].map((frame) => datapath.run(frame));
  expect(verdicts).toEqual(['pass', 'pass', 'pass', 'drop', 'drop', 'drop']);
});
