// Which packets change their fate between two policies. Looks only where a decision was added, removed, moved or
// changed: the packets of those are led through both lists of decisions, and what ends differently is a change, with
// one packet that shows it. Exact within its budget; beyond it, `complete` is false and the changes found are true.
import type { PacketDescription, Policy, Protection } from '../model/policy.js';
import { describeAction, listDecisions, type DecisionStep } from './decisions.js';
import { intersectBoxes, subtractAll, type Box } from './regions.js';
import { witnessOf } from './witness.js';

interface FateChange {
  /** `pass`, `drop, above 100 packets/s per source, else pass`. */
  from: string;
  to: string;
  /** Rows that decide, before and after. */
  fromRow: string;
  toRow: string;
  example: PacketDescription;
}

export interface SemanticDiff {
  changes: FateChange[];
  /** False when there may be more: the packets fell into too many pieces. */
  complete: boolean;
}

/** Pieces looked at for one pair of policies. */
const BUDGET = 20_000;

export interface Side {
  policy: Policy;
  protections: Protection[];
}

/** Malformed frames are not packets here: their fate is `policy.malformed`, which can be compared as it is. */
export function diffPolicies(before: Side, after: Side): SemanticDiff {
  const old = listDecisions(before.policy, before.protections);
  const new_ = listDecisions(after.policy, after.protections);
  const changes = new Map<string, FateChange>();
  const search = new Search(BUDGET);
  for (const box of affected(old, new_)) {
    for (const was of search.lead(box, old, before.policy)) {
      for (const is of search.lead(was.piece, new_, after.policy)) {
        if (was.fate === is.fate) continue;
        const change = { from: was.fate, to: is.fate, fromRow: was.row, toRow: is.row };
        const key = JSON.stringify(change);
        if (!changes.has(key)) changes.set(key, { ...change, example: witnessOf(is.piece) });
      }
    }
  }
  return { changes: [...changes.values()], complete: search.complete };
}

interface Ended {
  piece: Box;
  row: string;
  fate: string;
}

/** Splits packets by who decides them, until the budget is spent. */
class Search {
  complete = true;
  constructor(private left: number) {}

  lead(box: Box, steps: DecisionStep[], policy: Policy): Ended[] {
    const ended: Ended[] = [];
    let rest: { box: Box; before: string }[] = [{ box, before: '' }];
    for (const step of steps) {
      const next: typeof rest = [];
      for (const piece of rest) {
        for (const mine of step.boxes) {
          const common = intersectBoxes(piece.box, mine);
          if (!common) continue;
          const fate = piece.before + fateOf(step, policy);
          if (step.conditional) next.push({ box: common, before: `${fate}, else ` });
          else ended.push({ piece: common, row: step.row, fate });
        }
        const outside = subtractAll([piece.box], step.boxes, this.left) ?? [];
        next.push(...outside.map((one) => ({ box: one, before: piece.before })));
      }
      this.left -= Math.max(0, next.length - rest.length);
      if (this.left <= 0) {
        this.complete = false;
        return ended;
      }
      rest = next;
      if (rest.length === 0) break;
    }
    return ended;
  }
}

function fateOf({ action, rule }: DecisionStep, { mode }: Policy): string {
  const words = [
    mode === 'audit' && action.kind !== 'pass'
      ? `pass (audit: ${describeAction(action)})`
      : describeAction(action),
  ];
  if (rule?.rateLimit) {
    const { packetsPerSecond, per } = rule.rateLimit;
    words.push(`above ${packetsPerSecond} packets/s${per === 'source' ? ' per source' : ''}`);
  }
  if (rule?.until !== undefined) words.push(`until ${new Date(rule.until).toISOString()}`);
  return words.join(', ');
}

/** The packets whose decision may differ: those of steps outside the longest common subsequence's head and tail. */
function affected(old: DecisionStep[], new_: DecisionStep[]): Box[] {
  const identity = (step: DecisionStep): string =>
    JSON.stringify([
      step.row,
      step.action,
      step.rule?.match ?? step.protects,
      step.rule?.rateLimit,
      String(step.rule?.until),
      shape(step),
    ]);
  const before = new Map(old.map((step, index) => [identity(step), index]));
  const kept = new Set<string>();
  let last = -1;
  for (const step of new_) {
    const at = before.get(identity(step));
    if (at === undefined || at < last) continue; // new, or moved up
    last = at;
    kept.add(identity(step));
  }
  const outside = (steps: DecisionStep[]): Box[] =>
    steps.filter((step) => !kept.has(identity(step))).flatMap(({ boxes }) => boxes);
  return [...outside(old), ...outside(new_)];
}

/** Steps without a match are told apart by their boxes. */
function shape({ rule, protects, boxes }: DecisionStep): unknown {
  if (rule ?? protects) return undefined;
  return boxes.map(({ kind, sides }) => [kind.name, ...sides]);
}
