// Finds rules that are not what they seem: by where they run (in-place.ts), and by exact header-space analysis. A rule is shadowed
// only if every packet that it matches is decided before it, by one rule or by several together. A finding carries a packet that
// shows it where one exists. When the analysis would grow too large, lint says so and claims nothing.
import type { LintKind } from '../../model/lint.js';
import {
  ADDRESS_FIELDS,
  type Match,
  type PacketDescription,
  type Policy,
  type Rule,
} from '../../model/policy.js';
import { type LintOptions, NO_OPTIONS } from '../../model/repository.js';
import { doubtFragments } from './answers-in-fragments.js';
import { listDecisions, sameAction, type DecisionStep } from './decisions.js';
import { doubtsInPlace, type RunsAt } from './in-place.js';
import { intersectBoxes, subtractAll, type Box } from './header-space.js';
import { lintNotes } from './notes.js';
import { witnessOf } from './witness.js';

export interface Finding {
  kind: LintKind;
  rule: Rule;
  /** Earlier rows that decide the rule's packets, in order; empty for findings of another kind. */
  by: string[];
  /** A packet of the rule that the first of `by` decides. */
  witness?: PacketDescription;
  /** Of `emptyList`: the lists without an entry. */
  lists?: string[];
  /** Of findings about where a policy runs, about notes and about a list under `not`: what is wrong, behind the name of the rule. */
  about?: string;
}

/** Most boxes that the packets of one rule may be split into. */
const BUDGET = 2000;

/**
 * `now` is the wall clock in ms since 1970 (UTC); `places`: where the policy runs. At most one finding a rule about the policy itself,
 * the most telling one; others about the places, and about what the repository asks for.
 */
export function lintPolicy(
  policy: Policy,
  now: number,
  places: readonly RunsAt[] = [],
  options: LintOptions = NO_OPTIONS,
): Finding[] {
  return [
    ...lintRules(policy, now),
    ...lintInPlace(policy, now, places),
    ...lintFragments(policy),
    ...policy.rules.flatMap((rule) => lintNotes(rule, now, options)),
  ];
}

function lintFragments(policy: Policy): Finding[] {
  const doubt = doubtFragments(policy);
  return doubt ? [{ kind: 'answersInFragments', by: [], ...doubt }] : [];
}

/** A rule whose `until` is over asks for nothing any more. */
function lintInPlace({ rules }: Policy, now: number, places: readonly RunsAt[]): Finding[] {
  return rules
    .filter(({ until }) => until === undefined || until > now)
    .flatMap((rule) => doubtsInPlace(rule, places).map((doubt) => ({ ...doubt, rule, by: [] })));
}

function lintRules(policy: Policy, now: number): Finding[] {
  const steps = listDecisions(policy);
  return steps.flatMap((step, index) => {
    const { rule } = step;
    if (!rule) return [];
    const found = lintRule(step, rule, steps, index, now);
    return found ? [{ rule, ...found }] : [];
  });
}

/**
 * Rules of a policy made of layers that never decide there, because of other layers than their own. What is wrong within one layer is
 * found in the policy that it is by itself.
 */
export function lintLayers(policy: Policy, now: number): Finding[] {
  const steps = listDecisions(policy);
  return steps.flatMap((step, index): Finding[] => {
    const { rule } = step;
    if (!rule || !step.layer || step.boxes.length === 0 || (rule.until ?? Infinity) <= now) return [];
    const { left, by } = takenBefore(step, steps.slice(0, index));
    if (left?.length !== 0 || by.every((one) => one.step.layer === step.layer || !one.step.rule)) return [];
    const [first] = by;
    const rows = by.map((one) => one.step.row);
    return [{ kind: 'overruled', rule, by: rows, ...(first && { witness: witnessOf(first.common) }) }];
  });
}

type Found = Omit<Finding, 'rule'>;

function lintRule(
  step: DecisionStep,
  rule: Rule,
  steps: DecisionStep[],
  index: number,
  now: number,
): Found | undefined {
  if (rule.until !== undefined && rule.until <= now) return { kind: 'expired', by: [] };
  const empty =
    findEmptyList(rule.match) ?? (rule.match.not && findEmptyList(rule.match.not, 'leaves nothing out'));
  if (empty) return empty;
  if (step.boxes.length === 0) return { kind: 'impossible', by: [] };
  const before = takenBefore(step, steps.slice(0, index));
  if (!before.left) return { kind: 'undecided', by: [] };
  if (before.left.length === 0) return explainShadow(step, before.by);
  return hasNoEffect(step, before.left, steps.slice(index + 1)) ? { kind: 'redundant', by: [] } : undefined;
}

function findEmptyList(fields: Omit<Match, 'not'>, about?: string): Found | undefined {
  const sets = ADDRESS_FIELDS.flatMap((field) => fields[field] ?? []).filter(({ ranges }) => ranges === 0);
  if (sets.length === 0) return undefined;
  return { kind: 'emptyList', by: [], lists: sets.flatMap(({ lists }) => lists), ...(about && { about }) };
}

interface Shadow {
  step: DecisionStep;
  common: Box;
}

/** Packets of a rule that no earlier decision has taken so far. */
interface Piece {
  box: Box;
  /** The layer before that of the rule which they have left, or may have: no step of it takes them for certain. */
  left?: number | undefined;
}

/** The boxes of a rule that earlier decisions leave; `left` is absent when the budget ran out. */
function takenBefore(step: DecisionStep, earlier: DecisionStep[]): { left?: Box[]; by: Shadow[] } {
  let pieces: Piece[] = step.boxes.map((box) => ({ box }));
  const by: Shadow[] = [];
  for (const other of earlier) {
    if (pieces.length === 0) break;
    const passes = other.leaves && other.layer !== step.layer;
    if (!passes && (other.countsOnly || other.conditional || other.metered)) continue; // its packets may come through after all
    const met = pieces.filter(({ left }) => left === undefined || left !== other.layer);
    const common = firstCommon(
      met.map(({ box }) => box),
      other.boxes,
    );
    if (!common) continue;
    const rest = met.flatMap(({ box, left }) =>
      subtractAll([box], other.boxes, BUDGET)?.map((one): Piece => ({ box: one, left })),
    );
    const gone = passes ? met.flatMap(({ box }) => commonBoxes(box, other.boxes)) : [];
    pieces = [
      ...pieces.filter((piece) => !met.includes(piece)),
      ...rest.flatMap((piece) => piece ?? []),
      ...gone.map((box): Piece => ({ box, left: other.layer })),
    ];
    if (pieces.length > BUDGET || rest.includes(undefined)) return { by };
    if (!passes) by.push({ step: other, common });
  }
  return { left: pieces.map(({ box }) => box), by };
}

function commonBoxes(box: Box, others: Box[]): Box[] {
  return others.flatMap((other) => intersectBoxes(box, other) ?? []);
}

function firstCommon(left: Box[], boxes: Box[]): Box | undefined {
  for (const piece of left) {
    for (const box of boxes) {
      const common = intersectBoxes(piece, box);
      if (common) return common;
    }
  }
  return undefined;
}

function explainShadow(step: DecisionStep, by: Shadow[]): Found {
  const [first] = by;
  const found = { by: by.map((one) => one.step.row), ...(first ? { witness: witnessOf(first.common) } : {}) };
  if (by.every((one) => one.step.rule === undefined)) return { kind: 'impossible', ...found };
  if (by.every((one) => sameAction(one.step.action, step.action))) return { kind: 'redundant', ...found };
  const opposite = by.length === 1 && first !== undefined && covers(step.boxes, first.step.boxes);
  return { kind: opposite ? 'contradictory' : 'shadowed', ...found };
}

/** Two rules for exactly the same packets contradict each other; a wider one shadows. */
function covers(boxes: Box[], others: Box[]): boolean {
  return subtractAll(others, boxes, BUDGET)?.length === 0;
}

/** True when every packet of the rule would meet the same action without it, and nothing else is done for it. */
function hasNoEffect(step: DecisionStep, left: Box[], later: DecisionStep[]): boolean {
  if (step.countsOnly || step.leaves || step.conditional || step.rule?.log) return false;
  let rest: Box[] | undefined = left;
  for (const other of later) {
    if (!firstCommon(rest, other.boxes)) continue;
    if (other.conditional || !sameAction(other.action, step.action) || other.rule?.log) return false;
    rest = subtractAll(rest, other.boxes, BUDGET);
    if (!rest) return false;
    if (rest.length === 0) return true;
  }
  return false;
}
