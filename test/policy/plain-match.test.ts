// A match without its `not` is about the same packets: the reference, which asks `not` itself, says so of random ones, and tables are those
// of the complement written out by hand.
import { expect, test } from 'vitest';
import type { AddressSet, Match, Policy } from '../../src/model/policy.js';
import { compilePolicy } from '../../src/policy/compile/compile.js';
import type { PacketFields } from '../../src/policy/fields/field.js';
import { plainOf } from '../../src/policy/fields/plain-match.js';
import { matches } from '../../src/policy/fields/registry.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { parseFrame } from '../../src/policy/packet/parse.js';
import { parseCidr } from '../../src/addresses/parse.js';
import { addressSet } from '../support/addresses.js';
import { rounds } from '../support/budget.js';
import { Random, randomMatch, randomPacket, randomPolicy } from './random.js';

function fieldsOf(random: Random): PacketFields {
  const description = randomPacket(random);
  const parsed = parseFrame(buildPacket(description));
  if (parsed.shape === 'malformed') return {};
  const { connection } = description;
  return { ...parsed.fields, ...(parsed.shape === 'ip' && connection && { connection }) };
}

test('what is left out is a part of what is allowed', () => {
  const random = new Random(1401);
  const seen = { agreed: 0, left: 0, lacking: 0 };
  for (let round = 0; round < rounds(400); round++) {
    const match = randomMatch(random);
    const { not, ...fields } = match;
    const plain = plainOf(match);
    expect(plain).not.toHaveProperty('not');
    if (!not) {
      expect(plain).toBe(match);
      continue;
    }
    for (let packet = 0; packet < 100; packet++) {
      const values = fieldsOf(random);
      const agrees = matches(match, values);
      expect(matches(plain, values), JSON.stringify({ match, values })).toBe(agrees);
      const rest = matches(fields, values);
      if (agrees) seen.agreed++;
      else if (rest && Object.keys(not).some((name) => !(name in values))) seen.lacking++;
      else if (rest) seen.left++;
    }
  }
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(rounds(400) / 4);
});

test('a packet without a field under `not` does not match', () => {
  const match: Match = { not: { destinationPort: [{ from: 22, to: 22 }] } };
  const ask = (packet: object): boolean => {
    const parsed = parseFrame(buildPacket(packet));
    return parsed.shape !== 'malformed' && matches(match, parsed.fields);
  };
  expect(ask({ protocol: 6, destinationPort: 23 })).toBe(true);
  expect(ask({ protocol: 6, destinationPort: 22 })).toBe(false);
  expect(ask({ protocol: 1 })).toBe(false);
  expect(ask({ protocol: 17, destinationPort: 23, fragment: 'later' })).toBe(false);
  expect(ask({ etherType: 0x0806 })).toBe(false);
});

function networks(...texts: string[]): AddressSet {
  return addressSet(
    texts.map((text) => {
      const cidr = parseCidr(text);
      if ('message' in cidr) throw new Error(cidr.message);
      return cidr;
    }),
  );
}

const one = (from: number, to = from): { from: number; to: number }[] => [{ from, to }];

test.each<[left: Match, written: Match]>([
  [{ not: { family: [4] } }, { family: [6] }],
  [{ not: { protocol: one(6) } }, { protocol: [...one(0, 5), ...one(7, 255)] }],
  [
    { not: { source: networks('10.0.0.0/8') } },
    {
      source: networks(
        '0.0.0.0/5',
        '8.0.0.0/7',
        '11.0.0.0/8',
        '12.0.0.0/6',
        '16.0.0.0/4',
        '32.0.0.0/3',
        '64.0.0.0/2',
        '128.0.0.0/1',
        '::/0',
      ),
    },
  ],
  [
    { source: networks('10.0.0.0/8'), not: { source: networks('10.128.0.0/9') } },
    { source: networks('10.0.0.0/9') },
  ],
  [
    { protocol: one(6), destinationPort: one(1, 100), not: { destinationPort: one(22) } },
    { protocol: one(6), destinationPort: [...one(1, 21), ...one(23, 100)] },
  ],
  [{ not: { fragment: ['later'] } }, { fragment: ['none', 'first'] }],
  [{ not: { vlan: ['none'] } }, { vlan: Array.from({ length: 4095 }, (_, id) => id + 1) }],
  [{ not: { connection: ['new', 'invalid'] } }, { connection: ['established', 'related'] }],
  [{ not: { dscp: one(0) } }, { dscp: one(1, 63) }],
  [
    { not: { sourceMac: [0x02_00_00_00_00_01] } },
    {
      sourceMac: [
        { from: 0, to: 0x02_00_00_00_00_00 },
        { from: 0x02_00_00_00_00_02, to: 2 ** 48 - 1 },
      ],
    },
  ],
  [{ not: { tcpFlags: [{ mask: 2, value: 2 }] } }, { tcpFlags: [{ mask: 2, value: 0 }] }],
])('the tables of %j are those of the complement', (left, written) => {
  const tablesOf = (match: Match): unknown => {
    const { blob, settings } = compilePolicy(policyOf(match));
    return { blob: Buffer.from(blob).toString('base64'), settings };
  };
  expect(tablesOf(left)).toEqual(tablesOf(written));
});

function policyOf(match: Match): Policy {
  const policy = randomPolicy(new Random(1), 1, 0);
  const [rule] = policy.rules;
  if (!rule) throw new Error('a policy without its rule');
  const { name, at } = rule;
  return { ...policy, rules: [{ name, at, action: { kind: 'drop' }, match }] };
}
