// Policies that ask long lists, as many as there are slots and more, beside every other field: they load, and decide as the
// reference does.
import { expect, it } from 'vitest';
import type { Cidr } from '../../../src/addresses/cidr.js';
import type { AddressSet, Match, PacketDescription, Policy } from '../../../src/model/policy.js';
import { addressSet } from '../../support/addresses.js';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { evaluate } from '../../../src/policy/evaluate.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { Datapath } from '../datapath.js';
import { policy, rule } from '../policy.js';

/** Every other address from 10.`number`.0.0 on. */
function list(number: number, entries = 300): AddressSet {
  const cidrs = Array.from({ length: entries }, (_, at): Cidr => {
    return { family: 4, a: 0x0a000000 + (number << 16) + 2 * at, b: 0, c: 0, d: 0, length: 32 };
  });
  return addressSet(cidrs, [`list${number}`]);
}

function address(number: number, low: number): Cidr {
  return { family: 4, a: 0x0a000000 + (number << 16) + low, b: 0, c: 0, d: 0, length: 32 };
}

function expectAgreement(wanted: Policy, packets: PacketDescription[]): void {
  using datapath = new Datapath(wanted);
  for (const packet of packets) {
    const frame = buildPacket(packet);
    expect(datapath.ask(frame).row, JSON.stringify(packet)).toBe(evaluate(wanted, [], frame).row);
  }
}

const sources = [0, 1, 5, 11, 12].flatMap((number) =>
  [0, 1, 598, 600].flatMap((low) =>
    [0, 1, 11].map((to) => ({
      protocol: 17,
      source: address(number, low),
      destination: address(to, low),
      destinationPort: 53,
    })),
  ),
);

it('twelve lists in both directions: ten have slots, the others are in the tables', () => {
  const matches = Array.from({ length: 12 }, (_, number): Match => ({
    ...(number % 3 !== 1 && { source: list(number) }),
    ...(number % 3 !== 0 && { destination: list((number + 1) % 12) }),
  }));
  const wanted = policy(matches.map((match, at) => rule(`r${at}`, match, 'drop')));
  expect(compilePolicy(wanted).sets).toHaveLength(10);
  expectAgreement(wanted, sources);
});

it('ten lists beside every field, rates and deadlines', () => {
  const others: Match[] = [
    {
      protocol: [{ from: 6, to: 6 }],
      sourcePort: [{ from: 1, to: 99 }],
      destinationPort: [{ from: 53, to: 80 }],
    },
    { icmpType: [{ from: 8, to: 8 }], ttl: [{ from: 1, to: 9 }], dscp: [{ from: 1, to: 3 }] },
    { tcpFlags: [{ mask: 2, value: 2 }], length: [{ from: 100, to: 200 }], vlan: ['none', 5] },
    { sourceMac: [2], destinationMac: [3], source: { ...list(40, 3) } },
    { destination: { ...list(41, 3) } },
  ];
  const listed = Array.from({ length: 10 }, (_, number): Match => ({ source: list(number) }));
  const rules = [...listed, ...others].map((match, at) =>
    rule(`r${at}`, match, 'drop', {
      ...(at % 5 === 4 && { until: 4e12 }),
      ...(at === 3 && { rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source' } }),
    }),
  );
  expectAgreement(policy(rules, { nonIp: 'match', fragments: 'drop' }), [{ etherType: 0x0806 }]);
  expectAgreement(policy(rules.filter((_, at) => at !== 3)), sources);
});

it('a list beside hundreds of rules of five fields', () => {
  const five = Array.from({ length: 300 }, (_, at) =>
    rule(
      `five${at}`,
      {
        protocol: [{ from: 6, to: 6 }],
        source: addressSet([address(100 + (at % 90), at * 3)]),
        destination: addressSet([address(200, at * 5)]),
        sourcePort: [{ from: at, to: 3 * at + 9 }],
        destinationPort: [{ from: 2 * at, to: 2 * at + 7 }],
      },
      'drop',
    ),
  );
  expectAgreement(policy([rule('listed', { source: list(1) }, 'drop'), ...five]), sources);
});

it('a list that one rule asks for and others leave out has one map', () => {
  const wanted = policy([
    rule('a', { source: list(0), not: { destination: list(1) } }, 'drop'),
    rule('b', { not: { source: list(0), destination: list(11) } }, 'drop'),
    rule('c', { source: addressSet([address(0, 0), address(0, 1)]), not: { source: list(0) } }, 'drop'),
    rule('d', { source: list(0), not: { source: list(0) } }, 'drop'),
    rule(
      'e',
      { protocol: [{ from: 17, to: 17 }], not: { source: list(5), sourcePort: [{ from: 1, to: 9 }] } },
      'drop',
    ),
  ]);
  expect(
    compilePolicy(wanted)
      .sets.map(({ name, direction }) => `${direction} ${name}`)
      .sort(),
  ).toEqual(['destination list1', 'destination list11', 'source list0', 'source list5']);
  expectAgreement(policy([...wanted.rules], { nonIp: 'match' }), [
    ...sources,
    { etherType: 0x0806 },
    { family: 6 },
  ]);
});

it('lists without a slot are left out by the tables', () => {
  const matches = Array.from({ length: 12 }, (_, number): Match => ({
    protocol: [{ from: 17, to: 17 }],
    sourcePort: [{ from: number, to: 60_000 }],
    not: { source: list(number), destination: list((number + 1) % 12) },
  }));
  const wanted = policy(matches.map((match, at) => rule(`r${at}`, match, 'drop')));
  expect(compilePolicy(wanted).sets).toHaveLength(10);
  expectAgreement(wanted, sources);
});
