import { expect, it } from 'vitest';
import { evaluate } from '../../../src/policy/evaluate.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { samplesOf } from '../../../src/policy/packet/sample-packets.js';
import { AT, policy, rule } from '../policy.js';
import { Random, randomProtection, randomPacket } from '../random.js';
import { rounds } from '../../support/budget.js';

const DROP_ALL = policy([rule('all', {}, 'drop')], {
  default: 'drop',
  nonIp: 'drop',
  neighborDiscovery: 'match',
});

it('every sample of a protect entry is decided by it', () => {
  const random = new Random(11);
  let samples = 0;
  for (let round = 0; round < rounds(1000); round++) {
    const match = randomProtection(random);
    for (const { kind, packet } of samplesOf(match)) {
      const { row } = evaluate(DROP_ALL, [{ match, at: AT }], buildPacket(packet));
      expect(row, `${kind} of ${JSON.stringify(match)}: ${JSON.stringify(packet)}`).toBe('(protect)');
      samples++;
    }
  }
  expect(samples).toBeGreaterThan(rounds(500));
});

it('what has no sample matches no packet', () => {
  const random = new Random(12);
  let impossible = 0;
  for (let round = 0; round < rounds(800); round++) {
    const match = randomProtection(random);
    if (samplesOf(match).length > 0) continue;
    impossible++;
    for (let packet = 0; packet < 20; packet++) {
      const frame = buildPacket(randomPacket(random));
      expect(evaluate(DROP_ALL, [{ match, at: AT }], frame).row).not.toBe('(protect)');
    }
  }
  expect(impossible).toBeGreaterThan(rounds(50));
});

it('there is one of every kind', () => {
  const kinds = samplesOf({ protocol: [{ from: 6, to: 6 }], destinationPort: [{ from: 22, to: 22 }] });
  expect(kinds.map(({ kind }) => kind)).toEqual(['IPv4 TCP', 'IPv6 TCP']);
});
