// A policy as one ordered list of decisions, the built-in ones included. All analysis reads this list, so none can forget a
// built-in.
import type { Action, BuiltinRow, Match, Policy, Protection, Rule } from '../../model/policy.js';
import { ND_FIRST, ND_HOPS, ND_LAST } from '../fields/icmp-type.js';
import { layerOf, nextLayer } from '../layers.js';
import { boxOf, KINDS, type Box, type Kind } from './header-space.js';

export class DecisionStep {
  readonly #boxes = new Map<Kind, Box | undefined>();

  constructor(
    /** Rule name or built-in row. */
    readonly row: string,
    readonly action: Action,
    /** The packets that it takes: those that agree with a match, or all of some kinds. */
    readonly packets: Match | ((kind: Kind) => boolean),
    readonly rule?: Rule,
    /** What is above the rate of a built-in row goes on (decision 0130). */
    readonly metered = false,
    /** Index of its layer, where there are several. */
    readonly layer?: number,
    /** What it takes goes on with the first step of the next layer. */
    readonly leaves = false,
  ) {}

  /** It decides nothing: every packet goes on to the next step. */
  get countsOnly(): boolean {
    return this.action.kind === 'count';
  }

  /** Rate limit or deadline: a packet may go on to the next step. */
  get conditional(): boolean {
    return this.rule?.rateLimit !== undefined || this.rule?.until !== undefined;
  }

  /** Made when it is asked for: of a thousand steps most are asked about one kind alone. */
  boxOf(kind: Kind): Box | undefined {
    if (!this.#boxes.has(kind)) this.#boxes.set(kind, this.#makeBox(kind));
    return this.#boxes.get(kind);
  }

  get boxes(): Box[] {
    return KINDS.flatMap((kind) => this.boxOf(kind) ?? []);
  }

  #makeBox(kind: Kind): Box | undefined {
    if (typeof this.packets !== 'function') return boxOf(this.packets, kind);
    return this.packets(kind) ? { kind, sides: new Map() } : undefined;
  }
}

const NEIGHBOR_DISCOVERY: Match = {
  family: [6],
  icmpType: [{ from: ND_FIRST, to: ND_LAST }],
  ttl: [{ from: ND_HOPS, to: ND_HOPS }],
};

/** The last step takes every packet that is not malformed. */
export function listDecisions(policy: Policy, protections: Protection[] = []): DecisionStep[] {
  const steps: DecisionStep[] = [];
  const add = (row: BuiltinRow, kind: Policy['default'], packets: DecisionStep['packets']): unknown =>
    steps.push(new DecisionStep(row, { kind }, packets));
  for (const { match } of protections) add('(protect)', 'pass', match);
  if (policy.nonIp !== 'match') add('(non-ip)', policy.nonIp, ({ family }) => family === 'none');
  if (policy.neighborDiscovery === 'pass')
    steps.push(new DecisionStep('(protect)', { kind: 'pass' }, NEIGHBOR_DISCOVERY, undefined, true));
  if (policy.fragments !== 'match') {
    add('(fragments)', policy.fragments, ({ name }) => name.endsWith('later fragment'));
  }
  policy.rules.forEach((rule, index) => {
    const layer = policy.layers && layerOf(policy, index);
    const leaves = rule.action.kind === 'next' && nextLayer(policy, index) !== undefined;
    steps.push(new DecisionStep(rule.name, rule.action, rule.match, rule, false, layer, leaves));
  });
  add('(default)', policy.default, () => true);
  return steps;
}

/** Two actions that do the same to a packet. */
export function sameAction(x: Action, y: Action): boolean {
  return describeAction(x) === describeAction(y);
}

/** `drop`, `redirect to veth-scrub`, `redirect to CPU 2`. */
export function describeAction(action: Action): string {
  if (action.kind === 'reject') return `reject with ${action.icmp}`;
  if (action.kind !== 'redirect') return action.kind;
  return 'cpu' in action ? `redirect to CPU ${action.cpu}` : `redirect to ${action.interface}`;
}
