// A policy as one list of decisions, built-in ones included: who decides which packets, in order. What reasons about
// policies reads this list and so cannot forget a built-in.
import {
  BUILTIN_ROWS,
  type Action,
  type Match,
  type Policy,
  type Protection,
  type Rule,
} from '../model/policy.js';
import { boxesOf, KINDS, type Box } from './regions.js';

export interface DecisionStep {
  /** Rule name or built-in row. */
  row: string;
  action: Action;
  boxes: Box[];
  rule?: Rule;
  /** Of a protect entry. */
  protects?: Match;
  /** Rate limit or deadline: a packet may go on to the next step. */
  conditional: boolean;
}

const ND_TYPES = { from: 133, to: 137 };

/** The last step takes every packet that is not malformed. */
export function listDecisions(policy: Policy, protections: Protection[] = []): DecisionStep[] {
  const step = (row: (typeof BUILTIN_ROWS)[number], kind: 'pass' | 'drop', boxes: Box[]): DecisionStep => ({
    row,
    action: { kind },
    boxes,
    conditional: false,
  });
  const ofKind = (test: (name: string) => boolean): Box[] =>
    KINDS.filter(({ name }) => test(name)).map((kind) => ({ kind, sides: new Map() }));
  const steps = protections.map(({ match }): DecisionStep => {
    return { ...step('(protect)', 'pass', boxesOf(match)), protects: match };
  });
  if (policy.neighborDiscovery === 'pass') {
    steps.push(step('(protect)', 'pass', boxesOf({ family: [6], icmpType: [ND_TYPES] })));
  }
  if (policy.nonIp !== 'match')
    steps.push(
      step(
        '(non-ip)',
        policy.nonIp,
        ofKind((name) => name === 'not IP'),
      ),
    );
  if (policy.fragments !== 'match') {
    steps.push(
      step(
        '(fragments)',
        policy.fragments,
        ofKind((name) => name.endsWith('later fragment')),
      ),
    );
  }
  for (const rule of policy.rules) {
    const conditional = rule.rateLimit !== undefined || rule.until !== undefined;
    steps.push({ row: rule.name, action: rule.action, boxes: boxesOf(rule.match), rule, conditional });
  }
  return [
    ...steps,
    step(
      '(default)',
      policy.default,
      ofKind(() => true),
    ),
  ];
}

/** Two actions that do the same to a packet. */
export function sameAction(x: Action, y: Action): boolean {
  return describeAction(x) === describeAction(y);
}

/** `drop`, `redirect to veth-scrub`, `redirect to CPU 2`. */
export function describeAction(action: Action): string {
  if (action.kind !== 'redirect') return action.kind;
  return 'cpu' in action ? `redirect to CPU ${action.cpu}` : `redirect to ${action.interface}`;
}
