import { describe, expect, it } from 'vitest';
import type { AddressSet, Match, Policy, Rule } from '../../../src/model/policy.js';
import { stateIfNothingIsKnown } from '../../../src/policy/connections/connections.js';
import { evaluate } from '../../../src/policy/evaluate.js';
import { matches } from '../../../src/policy/fields/registry.js';
import type { LintKind } from '../../../src/model/lint.js';
import { lintPolicy } from '../../../src/policy/analysis/lint.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { parseFrame } from '../../../src/policy/packet/parse.js';
import { policy, rule } from '../policy.js';
import { Random, randomPacket, randomPolicy, takenFor } from '../random.js';
import { addressSet } from '../../support/addresses.js';
import { rounds } from '../../support/budget.js';

const NOW = Date.UTC(2027, 0, 1);

const tcp = { protocol: [{ from: 6, to: 6 }] };
const port = (from: number, to = from): Match => ({ ...tcp, destinationPort: [{ from, to }] });
const net = (a: number, length: number): AddressSet =>
  addressSet([{ family: 4, a, b: 0, c: 0, d: 0, length }]);

const counting = (name: string, match: Match): Rule =>
  rule(name, match, 'pass', { action: { kind: 'count' } });

type Found = [string, LintKind, string[]];

/** Kinds that do not say that a rule never decides. */
const SPARED: readonly LintKind[] = ['undecided', 'answersInFragments'];

const CASES: {
  name: string;
  rules: Rule[];
  found: Found[];
  rest?: Partial<Policy>;
}[] = [
  { name: 'nothing wrong', rules: [rule('a', port(22), 'drop'), rule('b', port(80), 'drop')], found: [] },
  ...(['match', 'pass', 'drop'] as const).map((fragments) => ({
    name: `answers, later fragments with ${fragments}`,
    rules: [rule('answers', { connection: ['established'] }, 'pass')],
    rest: { default: 'drop', fragments } as const,
    found: fragments === 'match' ? [] : [['answers', 'answersInFragments', []] as Found],
  })),
  {
    name: 'answers by their ports, whose rest has none',
    rules: [rule('dns', { connection: ['established'], sourcePort: [{ from: 53, to: 53 }] }, 'pass')],
    rest: { default: 'drop' },
    found: [['dns', 'answersInFragments', []]],
  },
  {
    name: 'streams by their ports',
    rules: [rule('web', { connection: ['established'], ...port(80) }, 'pass')],
    rest: { default: 'drop' },
    found: [],
  },
  {
    name: 'a wider rule before',
    rules: [rule('a', port(1, 100), 'pass'), rule('b', port(22), 'drop'), rule('c', port(1, 200), 'drop')],
    found: [['b', 'shadowed', ['a']]],
  },
  {
    name: 'neighbour discovery: what is above its rate reaches the rules',
    rules: [
      rule('a', { family: [6], icmpType: [{ from: 135, to: 136 }] }, 'drop'),
      rule('b', { family: [6], icmpType: [{ from: 135, to: 135 }], ttl: [{ from: 255, to: 255 }] }, 'pass'),
    ],
    found: [['b', 'shadowed', ['a']]],
  },
  {
    name: 'neighbour discovery alone',
    rules: [
      rule('a', { family: [6], icmpType: [{ from: 135, to: 135 }], ttl: [{ from: 255, to: 255 }] }, 'drop'),
    ],
    found: [],
  },
  {
    name: 'a rule that counts everything before takes nothing',
    rules: [counting('seen', {}), rule('a', port(22), 'drop')],
    found: [],
  },
  {
    name: 'rules that count what is decided before',
    rules: [
      rule('a', port(1, 100), 'drop'),
      counting('b', port(22)),
      counting('c', port(1, 100)),
      counting('d', port(1, 101)),
    ],
    found: [
      ['b', 'shadowed', ['a']],
      ['c', 'contradictory', ['a']],
    ],
  },
  {
    name: 'a rule that keeps packets from one that counts has an effect',
    rules: [rule('a', port(22), 'pass'), counting('b', port(1, 100))],
    found: [],
  },
  {
    name: 'two rules before that cover it together',
    rules: [
      rule('a', port(0, 100), 'drop'),
      rule('b', port(101, 200), 'drop'),
      rule('c', port(50, 150), 'pass'),
    ],
    found: [['c', 'shadowed', ['a', 'b']]],
  },
  {
    name: 'the same packets, the other verdict',
    rules: [rule('a', port(22), 'drop'), rule('b', port(22), 'pass')],
    found: [['b', 'contradictory', ['a']]],
  },
  {
    name: 'the same verdict again',
    rules: [
      rule('a', { source: net(0x0a000000, 8) }, 'drop'),
      rule('b', { source: net(0x0a010000, 16) }, 'drop'),
    ],
    found: [['b', 'redundant', ['a']]],
  },
  {
    name: 'what the default does anyway',
    rules: [rule('a', port(22), 'pass')],
    found: [['a', 'redundant', []]],
  },
  {
    name: 'fields that no packet has together',
    rules: [rule('a', { protocol: [{ from: 1, to: 1 }], destinationPort: [{ from: 1, to: 2 }] }, 'drop')],
    found: [['a', 'impossible', []]],
  },
  {
    name: 'first fragments of IPv6 too short for their headers',
    rules: [
      rule('a', { ...tcp, family: [6], fragment: ['first'], length: [{ from: 60, to: 67 }] }, 'drop'),
      rule('b', { ...tcp, family: [6], fragment: ['first'], length: [{ from: 0, to: 68 }] }, 'drop'),
      rule('c', { ...tcp, family: [6], fragment: ['none'], length: [{ from: 60, to: 60 }] }, 'drop'),
      rule('d', { ...tcp, family: [6], length: [{ from: 60, to: 60 }], fragment: ['none', 'first'] }, 'pass'),
    ],
    found: [
      ['a', 'impossible', []],
      ['d', 'contradictory', ['c']],
    ],
  },
  {
    name: 'a frame that nonIp decides first',
    rules: [rule('a', { etherType: [{ from: 0x88cc, to: 0x88cc }] }, 'drop')],
    found: [['a', 'impossible', ['(non-ip)']]],
  },
  {
    name: 'the EtherType of a VLAN tag, behind which another one stands or nothing that could be read',
    rules: [
      rule('a', { etherType: [{ from: 0x8100, to: 0x8100 }] }, 'drop'),
      rule('b', { etherType: [{ from: 0x88a8, to: 0x88a8 }], vlan: [7] }, 'drop'),
      rule('c', { etherType: [{ from: 0x8100, to: 0x8101 }], vlan: [8] }, 'drop'),
    ],
    rest: { nonIp: 'match' },
    found: [
      ['a', 'impossible', []],
      ['b', 'impossible', []],
    ],
  },
  {
    name: 'a frame that nonIp leaves to the rules',
    rules: [rule('a', { etherType: [{ from: 0x88cc, to: 0x88cc }] }, 'drop')],
    rest: { nonIp: 'match' },
    found: [],
  },
  {
    name: 'a deadline that is over, and rules behind one that is not',
    rules: [
      rule('a', port(22), 'drop', { until: NOW }),
      rule('b', port(80), 'drop', { until: NOW + 1 }),
      rule('c', port(80), 'drop'),
    ],
    found: [['a', 'expired', []]],
  },
  {
    name: 'an empty list',
    rules: [rule('a', { source: addressSet([], ['bogons']) }, 'drop')],
    found: [['a', 'emptyList', []]],
  },
  {
    name: 'an empty list under not',
    rules: [rule('a', { not: { source: addressSet([], ['bogons']) } }, 'drop')],
    found: [['a', 'emptyList', []]],
  },
  {
    name: 'what one leaves out and another takes',
    rules: [
      rule('a', { not: { source: net(0x0a000000, 8) } }, 'drop'),
      rule('b', { source: net(0x0a000000, 8) }, 'drop', { log: { oneIn: 1 } }),
      rule('c', { source: net(0x0b000000, 8) }, 'pass'),
      rule('d', { not: { family: [4] } }, 'drop'),
    ],
    found: [
      ['c', 'shadowed', ['a']],
      ['d', 'redundant', ['a']],
    ],
  },
  {
    name: 'a packet without the field under not is left to others',
    rules: [
      rule('a', { ...tcp, not: { destinationPort: [{ from: 22, to: 22 }] } }, 'drop'),
      rule('b', { ...tcp, fragment: ['later'] }, 'pass'),
      rule('c', port(80), 'pass'),
    ],
    rest: { default: 'drop' },
    found: [['c', 'shadowed', ['a']]],
  },
  {
    name: 'all that there is left out',
    rules: [rule('a', { ...port(22), not: { destinationPort: [{ from: 1, to: 99 }] } }, 'drop')],
    found: [['a', 'impossible', []]],
  },
];

describe('lint', () => {
  it.each(CASES)('$name', ({ rules, found, rest }) => {
    const findings = lintPolicy(policy(rules, rest), NOW);
    expect(findings.map((one) => [one.rule.name, one.kind, one.by])).toEqual(found);
    for (const { rule: one, witness } of findings.filter(({ by }) => by.length > 0)) {
      const parsed = parseFrame(buildPacket(witness ?? {}));
      expect(parsed.shape !== 'malformed' && matches(one.match, parsed.fields)).toBe(true);
    }
  });

  it('is right about random policies: what it calls unreachable decides no packet, and witnesses prove it', () => {
    const random = new Random(99);
    let shadowed = 0;
    for (let round = 0; round < rounds(60); round++) {
      const wanted = randomPolicy(random, 30, NOW);
      const findings = lintPolicy(wanted, NOW);
      const certain = {
        ...wanted,
        rules: wanted.rules.filter((one) => !one.rateLimit && one.until === undefined),
      };
      const dead = new Set<string>();
      for (const { kind, rule: found, witness, by } of findings) {
        if (SPARED.includes(kind) || (kind === 'redundant' && by.length === 0)) continue;
        dead.add(found.name);
        if (!witness) continue;
        shadowed++;
        const frame = buildPacket(witness);
        const parsed = parseFrame(frame);
        const fields = parsed.shape !== 'malformed' && { ...parsed.fields, ...takenFor(witness) };
        expect(
          fields && matches(found.match, { connection: stateIfNothingIsKnown(frame) ?? 'new', ...fields }),
        ).toBe(true);
        expect(evaluate(certain, [], frame, takenFor(witness)).row).toBe(by[0]);
      }
      for (let packet = 0; packet < 300; packet++) {
        const described = randomPacket(random);
        const { row } = evaluate(wanted, [], buildPacket(described), { now: NOW, ...takenFor(described) });
        expect(dead.has(row), `${row} decides though lint says it cannot`).toBe(false);
      }
    }
    expect(shadowed).toBeGreaterThan(rounds(50));
  });
});
