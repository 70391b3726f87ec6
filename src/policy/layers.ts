// Layers of an interface, made one policy: the rules of all of them in order, each by the name of its layer and its own. What leaves a
// layer (`action: next`, or its default) goes on with the first rule of the next one. What is decided before the rules is decided once,
// so that layers that say something about it have to agree.
import {
  DECIDING_SETTINGS,
  type DecidingSetting,
  type Layer,
  MAX_RULES,
  type PacketTest,
  type Policy,
  type Rule,
} from '../model/policy.js';
import type { Position } from '../model/position.js';
import type { Problem } from '../text/wording.js';

/** Those that hold for all layers. */
const SHARED = [...DECIDING_SETTINGS.filter((setting) => setting !== 'default'), 'mode'] as const;
type Shared = (typeof SHARED)[number];

export interface LayeringProblem extends Problem {
  summary: string;
  /** Index of the layer that is to blame. */
  layer: number;
}

/** `base+web`: no policy of a file has this name. */
export function stackName(names: readonly string[]): string {
  return names.join('+');
}

/** `tests` and `at`: those of the interface. The policy is of no use where there are problems. */
export function stackPolicies(
  policies: readonly Policy[],
  tests: PacketTest[],
  at: Position,
): { policy: Policy; problems: LayeringProblem[] } {
  const layers = policies.map((policy, index) => toLayer(policy, index === policies.length - 1));
  const rules = layers.flatMap((layer) => layer.rules);
  const disabled = policies.flatMap(({ name, disabled = [] }) => disabled.map((rule) => named(name, rule)));
  const last = policies.at(-1);
  const shared = Object.fromEntries(
    SHARED.map((setting) => [setting, sharedBy(policies, setting)]),
  ) as Record<Shared, unknown>;
  const places = SHARED.map((setting) => [setting, writerOf(policies, setting)?.settingsAt?.[setting]]);
  const settingsAt = Object.fromEntries(
    [...places, ['default', last?.settingsAt?.default]].filter(([, one]) => one),
  ) as Policy['settingsAt'] & object;
  return {
    policy: {
      name: stackName(policies.map(({ name }) => name)),
      default: last?.default ?? 'pass',
      ...(shared as Pick<Policy, Shared>),
      rules,
      ...(disabled.length > 0 && { disabled }),
      layers: layers.map(({ layer }) => layer),
      tests,
      at,
      settingsAt,
    },
    problems: [
      ...disagreements(policies),
      ...dangling(last, policies.length - 1),
      ...tooMany(rules, policies.length - 1),
    ],
  };
}

interface Made {
  layer: Layer;
  rules: Rule[];
}

function toLayer(policy: Policy, isLast: boolean): Made {
  const { name, tests, at, settingsAt, ...rest } = policy;
  const { fragments, malformed, nonIp, neighborDiscovery, mode } = rest;
  const own = isLast ? policy.default : innerDefault(policy);
  const rules = policy.rules.map((rule) => named(name, rule));
  if (!isLast && own !== 'next') {
    rules.push({
      name: `${name}/(default)`,
      match: {},
      action: { kind: own },
      at: settingsAt?.default ?? at,
    });
  }
  const settings = { default: own, fragments, malformed, nonIp, neighborDiscovery, mode };
  return {
    layer: { name, rules: rules.length, ...settings, tests, at, ...(settingsAt && { settingsAt }) },
    rules,
  };
}

/** Of a layer behind which there is another one: what is left goes on, unless the policy says otherwise. */
export function innerDefault({ default: own, settingsAt }: Policy): Policy['default'] {
  return settingsAt?.default ? own : 'next';
}

function named<T extends { name: string }>(layer: string, one: T): T {
  return { ...one, name: `${layer}/${one.name}` };
}

function sharedBy<S extends Shared>(policies: readonly Policy[], setting: S): Policy[S] | undefined {
  return (writerOf(policies, setting) ?? policies[0])?.[setting];
}

/** The first layer that says something about it. */
function writerOf(policies: readonly Policy[], setting: Shared): Policy | undefined {
  return policies.find(({ settingsAt }) => settingsAt?.[setting]);
}

/** Of `mode` those that do not write it are asked as well: whoever audits one layer does not mean all. */
function disagreements(policies: readonly Policy[]): LayeringProblem[] {
  return SHARED.flatMap((setting) => {
    const asked = policies.filter(({ settingsAt }) => setting === 'mode' || settingsAt?.[setting]);
    const [first] = asked;
    const other = asked.find((one) => one[setting] !== first?.[setting]);
    if (!first || !other) return [];
    return [
      {
        layer: policies.indexOf(other),
        summary: 'layers that disagree',
        message: `says \`${setting}: ${other[setting]}\`${place(other, setting)}, and ${first.name} \`${setting}: ${first[setting]}\`${place(first, setting)}: it holds for all layers`,
        hint: `Write \`${setting}\` into one of them, or the same into both.`,
      },
    ];
  });
}

function place({ settingsAt }: Policy, setting: DecidingSetting | 'mode'): string {
  const at = settingsAt?.[setting];
  return at ? ` (${at.file}:${at.line})` : '';
}

/** What goes on to a layer that is not there. */
export function dangling(policy: Policy | undefined, layer = 0): LayeringProblem[] {
  if (!policy) return [];
  const rule = policy.rules.find(({ action }) => action.kind === 'next');
  const at = policy.default === 'next' ? (policy.settingsAt?.default ?? policy.at) : rule?.at;
  if (!at) return [];
  const what = policy.default === 'next' ? '`default: next`' : `\`action: next\` of rule ${rule?.name ?? ''}`;
  return [
    {
      layer,
      summary: 'no next layer',
      message: `has ${what} (${at.file}:${at.line}), and no layer is behind it here`,
      hint: 'Put another policy behind it in `policies`, or let it decide.',
    },
  ];
}

function tooMany(rules: readonly Rule[], layer: number): LayeringProblem[] {
  if (rules.length <= MAX_RULES) return [];
  const message = `brings the rules of all layers to ${rules.length}, and a policy has ${MAX_RULES} at most`;
  return [
    { layer, summary: 'too many rules', message, hint: 'Join some with lists of values or address lists.' },
  ];
}

/**
 * Where a packet goes on that leaves the layer of this rule: the index of the first rule behind it, which may be that of none. `undefined`
 * where no layer is behind it.
 */
export function nextLayer({ layers = [] }: Pick<Policy, 'layers'>, index: number): number | undefined {
  let end = 0;
  for (const layer of layers.slice(0, -1)) {
    end += layer.rules;
    if (index < end) return end;
  }
  return undefined;
}

/** Which layer a rule is of, by its index; 0 where there are none. */
export function layerOf({ layers = [] }: Pick<Policy, 'layers'>, index: number): number {
  let end = 0;
  const at = layers.findIndex(({ rules }) => index < (end += rules));
  return Math.max(0, at);
}

/** Each layer as the policy that it is by itself; none of a policy without layers. */
export function layersAlone({ layers = [], rules }: Policy): Policy[] {
  let from = 0;
  return layers.map(({ rules: count, ...layer }) => {
    const own = rules.slice(from, from + count).filter(({ name }) => name !== `${layer.name}/(default)`);
    from += count;
    return {
      ...layer,
      rules: own.map((rule) => ({ ...rule, name: rule.name.slice(layer.name.length + 1) })),
    };
  });
}
