// Lint and the semantic diff of layers, over random ones: nothing that lint calls overruled decides a packet, its witnesses prove it,
// and the diff shows what changes and misses nothing.
import { describe, expect, it } from 'vitest';
import type { Policy, Rule } from '../../../src/model/policy.js';
import { describeAction } from '../../../src/policy/analysis/decisions.js';
import { lintLayers } from '../../../src/policy/analysis/lint.js';
import { diffPolicies } from '../../../src/policy/analysis/semantic-diff.js';
import { evaluate } from '../../../src/policy/evaluate.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { rounds } from '../../support/budget.js';
import { AT, policy, rule } from '../policy.js';
import { Random, randomPacket, takenFor } from '../random.js';
import { randomLayers, stacked } from '../random-layers.js';

const NOW = Date.UTC(2026, 11, 1);

function unconditional(layers: Policy[]): Policy[] {
  const bare = ({ name, match, action, at }: Rule): Rule => ({ name, match, action, at });
  return layers.map((one) => ({ ...one, mode: 'enforce', rules: one.rules.map(bare) }));
}

/** A rule of one layer removed, moved, or made to leave it; or the default of one changed. */
function edited(random: Random, layers: Policy[]): Policy[] {
  const which = random.below(layers.length);
  return layers.map((one, index) => {
    if (index !== which) return one;
    const isLast = index === layers.length - 1;
    if (!isLast && random.chance(20))
      return { ...one, settingsAt: one.settingsAt?.default ? {} : { default: AT } };
    const rules = one.rules.slice();
    const [taken] = rules.splice(random.below(rules.length), 1);
    if (!taken) return { ...one, default: one.default === 'drop' ? 'pass' : 'drop' };
    if (random.chance(40)) rules.splice(random.below(rules.length + 1), 0, taken);
    else if (!isLast && random.chance(60))
      rules.unshift({ ...taken, action: taken.action.kind === 'next' ? { kind: 'drop' } : { kind: 'next' } });
    return { ...one, rules };
  });
}

it('lint is right about what other layers decide', () => {
  const random = new Random(3);
  let shown = 0;
  for (let round = 0; round < rounds(60); round++) {
    const all = stacked(randomLayers(random, 30, NOW));
    const findings = lintLayers(all, NOW);
    const dead = new Set(findings.map((one) => one.rule.name));
    const certain = (one: Rule): boolean => !one.rateLimit && one.until === undefined;
    for (const { witness, by } of findings.filter(() => all.rules.every(certain))) {
      const frame = buildPacket(witness ?? {});
      const { row, counted = [] } = evaluate(all, [], frame, takenFor(witness ?? {}));
      expect([row, ...counted]).toContain(by[0]);
      shown++;
    }
    for (let packet = 0; packet < 300; packet++) {
      const described = randomPacket(random);
      for (const exceeds of [() => true, () => false]) {
        const { row, counted = [] } = evaluate(all, [], buildPacket(described), {
          now: NOW,
          exceeds,
          ...takenFor(described),
        });
        for (const one of [row, ...counted])
          expect(dead.has(one), `${one} is met though lint says it cannot be`).toBe(false);
      }
    }
    shown += findings.length;
  }
  expect(shown).toBeGreaterThan(rounds(60));
});

it('the diff shows packets whose verdict really changes, and misses none of random packets', () => {
  const random = new Random(11);
  let changes = 0;
  for (let round = 0; round < rounds(80); round++) {
    const layers = unconditional(randomLayers(random, 14, NOW));
    const [before, after] = [stacked(layers), stacked(edited(random, layers))];
    const diff = diffPolicies({ policy: before, protections: [] }, { policy: after, protections: [] });
    for (const change of diff.changes) {
      const [frame, taken] = [buildPacket(change.example), takenFor(change.example)];
      const was = evaluate(before, [], frame, taken);
      const is = evaluate(after, [], frame, taken);
      expect([was.row, describeAction(was.action)]).toEqual([change.fromRow, change.from]);
      expect([is.row, describeAction(is.action)]).toEqual([change.toRow, change.to]);
      changes++;
    }
    if (!diff.complete) continue;
    for (let packet = 0; packet < 200; packet++) {
      const described = randomPacket(random);
      const frame = buildPacket(described);
      const was = evaluate(before, [], frame, takenFor(described));
      const is = evaluate(after, [], frame, takenFor(described));
      if (was.row === '(malformed)' || describeAction(was.action) === describeAction(is.action)) continue;
      const found = diff.changes.find((one) => one.fromRow === was.row && one.toRow === is.row);
      expect(found, `round ${round}: ${was.row} -> ${is.row} is missing`).toBeDefined();
    }
  }
  expect(changes).toBeGreaterThan(rounds(80) < 80 ? 0 : 30);
});

describe('a packet that leaves a layer under a rate', () => {
  const udp = { protocol: [{ from: 17, to: 17 }] };
  const limited: Rule = {
    name: 'some',
    match: udp,
    action: { kind: 'next' },
    rateLimit: { packetsPerSecond: 9, burst: 9, per: 'rule' },
    at: AT,
  };
  const layers = (...web: Rule[]) =>
    stacked([
      policy([limited, rule('rest', udp, 'drop')], { name: 'base', settingsAt: {} }),
      policy(web, { name: 'web', settingsAt: {} }),
    ]);
  const side = (one: Policy) => ({ policy: one, protections: [] });

  it('has both ways told, and none where neither changed', () => {
    expect(diffPolicies(side(layers()), side(layers())).changes).toEqual([]);
    const [change, ...more] = diffPolicies(side(layers()), side(layers(rule('udp', udp, 'drop')))).changes;
    expect(more).toEqual([]);
    expect(change).toMatchObject({
      from: 'next, above 9 packets/s: pass, else drop',
      to: 'next, above 9 packets/s: drop, else drop',
    });
  });

  it('may be met by either layer, so that lint calls neither overruled', () => {
    expect(lintLayers(layers(rule('udp', udp, 'pass')), NOW)).toEqual([]);
  });
});
