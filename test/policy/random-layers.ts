// Random policies that are layers of one interface: rules that leave them, and defaults that decide, in every combination.
import type { Policy, Rule } from '../../src/model/policy.js';
import { stackPolicies } from '../../src/policy/layers.js';
import { AT } from './policy.js';
import { type Random, randomPolicy } from './random.js';

/** `rules`: of all layers together. The first layer alone says what holds for all. */
export function randomLayers(random: Random, rules: number, now: number): Policy[] {
  const layers = random.pick([2, 2, 3, 5]);
  const first = randomPolicy(random, 0, now);
  return Array.from({ length: layers }, (_, index): Policy => {
    const share =
      index === layers - 1 ? rules - Math.floor(rules / layers) * (layers - 1) : Math.floor(rules / layers);
    const isLast = index === layers - 1;
    const made = randomPolicy(random, random.chance(5) ? 0 : share, now);
    const decides = isLast || random.chance(25);
    return {
      ...made,
      name: `layer${index}`,
      mode: first.mode,
      rules: made.rules.map((rule) => leaving(random, rule, isLast)),
      settingsAt: {
        ...(decides && { default: AT }),
        ...(index === 0 && { fragments: AT, malformed: AT, nonIp: AT, neighborDiscovery: AT, mode: AT }),
      },
    };
  });
}

function leaving(random: Random, rule: Rule, isLast: boolean): Rule {
  if (isLast || !random.chance(20)) return rule;
  return { ...rule, action: { kind: 'next' }, match: random.chance(5) ? {} : rule.match };
}

export function stacked(layers: Policy[]): Policy {
  const { policy, problems } = stackPolicies(layers, [], AT);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return policy;
}
