// What layers mean: each is asked as the policy that it is by itself, and what it leaves is asked of the next one. One policy made of
// all of them says the same of every packet.
import { describe, expect, it } from 'vitest';
import type { Policy, Rule } from '../../src/model/policy.js';
import { type Circumstances, evaluate } from '../../src/policy/evaluate.js';
import { layersAlone, stackPolicies } from '../../src/policy/layers.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { rounds } from '../support/budget.js';
import { AT, policy, rule } from './policy.js';
import { broken, Random, randomPacket } from './random.js';
import { randomLayers, stacked } from './random-layers.js';

const NOW = Date.parse('2026-12-01T00:00:00Z');
const SETTINGS = ['fragments', 'malformed', 'nonIp', 'neighborDiscovery', 'mode'] as const;

interface Asked {
  row: string;
  verdict: string;
  counted: string[];
}

/** One layer after the other; the settings that are before all rules are those of the first. */
function askEach(layers: Policy[], frame: Uint8Array, circumstances: Circumstances): Asked {
  const counted: string[] = [];
  const [first] = layers;
  for (const [index, layer] of layers.entries()) {
    const isLast = index === layers.length - 1;
    const alone = {
      ...layer,
      ...Object.fromEntries(SETTINGS.map((setting) => [setting, first?.[setting]])),
      default: isLast || layer.settingsAt?.default ? layer.default : ('next' as const),
    };
    const { row, action, verdict, counted: on = [], rule } = evaluate(alone, [], frame, circumstances);
    counted.push(...on.map((name) => `${layer.name}/${name}`));
    if (action.kind === 'next') {
      if (rule) counted.push(`${layer.name}/${row}`);
      continue;
    }
    const isOwn = rule !== undefined || (row === '(default)' && !isLast);
    return { row: isOwn ? `${layer.name}/${row}` : row, verdict, counted };
  }
  throw new Error('nobody decides');
}

it('made one, they decide as one after the other', () => {
  const random = new Random(20261201);
  let passedOn = 0;
  for (let round = 0; round < rounds(300); round++) {
    const layers = randomLayers(random, random.pick([2, 6, 20]), NOW);
    const all = stacked(layers);
    const exceeds = ({ name }: Rule): boolean => name.length % 2 === 0;
    const bare = ({ name, ...one }: Rule): boolean =>
      exceeds({ ...one, name: name.replace(/^layer\d\//, '') });
    for (let count = 0; count < 50; count++) {
      const whole = buildPacket(randomPacket(random));
      const frame = random.chance(20) ? broken(random, whole) : whole;
      const { row, verdict, counted = [] } = evaluate(all, [], frame, { now: NOW, exceeds: bare });
      passedOn += counted.length;
      expect({ row, verdict, counted }).toEqual(askEach(layers, frame, { now: NOW, exceeds: bare }));
    }
  }
  expect(passedOn).toBeGreaterThan(rounds(300));
});

const ssh = { protocol: [{ from: 6, to: 6 }], destinationPort: [{ from: 22, to: 22 }] };
const next = (name: string, match = {}): Rule => ({ name, match, action: { kind: 'next' }, at: AT });
const layer = (name: string, rules: Rule[], rest: Partial<Policy> = {}) =>
  policy(rules, { name, settingsAt: {}, ...rest });
const problemsOf = (...layers: Policy[]) =>
  stackPolicies(layers, [], AT).problems.map(({ layer, summary }) => [layer, summary]);

describe('layers made one', () => {
  const base = layer('base', [next('ops', ssh), rule('no-ssh', ssh, 'drop')], {
    disabled: [{ name: 'off', action: { kind: 'drop' }, at: AT }],
  });
  const web = layer('web', [rule('ssh', ssh, 'pass')], { default: 'drop' });

  it('have their rules in order, under the name of the layer', () => {
    const { name, rules, disabled, layers, default: last } = stacked([base, web]);
    expect(name).toBe('base+web');
    expect(rules.map((one) => one.name)).toEqual(['base/ops', 'base/no-ssh', 'web/ssh']);
    expect(disabled?.map((one) => one.name)).toEqual(['base/off']);
    expect(layers?.map((one) => [one.name, one.rules])).toEqual([
      ['base', 2],
      ['web', 1],
    ]);
    expect(last).toBe('drop');
  });

  it('a default that is written is a row of its own, and what is behind it is reached by `next` alone', () => {
    const strict = { ...base, default: 'drop' as const, settingsAt: { default: { ...AT, line: 7 } } };
    const all = stacked([strict, web]);
    expect(all.rules.map(({ name, at }) => [name, at.line])).toEqual([
      ['base/ops', 1],
      ['base/no-ssh', 1],
      ['base/(default)', 7],
      ['web/ssh', 1],
    ]);
    const ask = (packet: object) => evaluate(all, [], buildPacket(packet));
    expect(ask({ destinationPort: 22 })).toMatchObject({
      row: 'web/ssh',
      verdict: 'pass',
      counted: ['base/ops'],
    });
    expect(ask({ destinationPort: 80 })).toMatchObject({ row: 'base/(default)', verdict: 'drop' });
  });

  it('taken apart again, each is what it was', () => {
    const random = new Random(7);
    for (let round = 0; round < 20; round++) {
      const layers = randomLayers(random, 12, NOW);
      const apart = layersAlone(stacked(layers));
      expect(apart.map(({ name, rules, fragments }) => ({ name, rules, fragments }))).toEqual(
        layers.map(({ name, rules, fragments }) => ({ name, rules, fragments })),
      );
    }
  });

  it('what holds for all is said by any of them, and not in two ways', () => {
    const drops = (name: string) => layer(name, [], { nonIp: 'drop', settingsAt: { nonIp: AT } });
    const passes = (name: string) => layer(name, [], { nonIp: 'pass', settingsAt: { nonIp: AT } });
    expect(stacked([layer('a', []), drops('b')]).nonIp).toBe('drop');
    expect(problemsOf(drops('a'), layer('b', []), drops('c'))).toEqual([]);
    expect(problemsOf(drops('a'), passes('b'))).toEqual([[1, 'layers that disagree']]);
    expect(problemsOf(layer('a', []), layer('b', [], { mode: 'audit' }))).toEqual([
      [1, 'layers that disagree'],
    ]);
    expect(problemsOf(layer('a', [], { mode: 'audit' }), layer('b', [], { mode: 'audit' }))).toEqual([]);
  });

  it('the last has no layer behind it', () => {
    expect(problemsOf(web, base)).toEqual([[1, 'no next layer']]);
    expect(problemsOf(base, layer('c', [], { default: 'next' }))).toEqual([[1, 'no next layer']]);
  });

  it('have no more rules than a policy', () => {
    const many = (name: string) =>
      layer(
        name,
        Array.from({ length: 600 }, (_, at) => rule(`r${at}`, ssh, 'drop')),
      );
    expect(problemsOf(many('a'), many('b'))).toEqual([[1, 'too many rules']]);
  });
});
