// The semantic diff: which packets get another verdict between two policies. It looks only at packets of decisions that
// were added, removed, moved or changed, leads them through both lists of decisions, and reports each difference with an
// example. Exact within its budget; beyond it `complete` is false and the changes found are still true.
import type { PacketDescription, Policy, Protection } from '../../model/policy.js';
import { rateWords } from '../rate-limit.js';
import { describeAction, listDecisions, sameAction, type DecisionStep } from './decisions.js';
import { intersectBoxes, splitBox, subtractAll, type Box } from './header-space.js';
import { witnessOf } from './witness.js';

interface FateChange {
  /** `pass`, `drop, above 100 packets/s per source, else pass`. */
  from: string;
  to: string;
  /** Rows that decide, before and after. */
  fromRow: string;
  toRow: string;
  example: PacketDescription;
  /** Every kind of packets with this change, that of the example first: `IPv4 TCP`, `IPv6 later fragment`. */
  kinds: string[];
}

export interface SemanticDiff {
  changes: FateChange[];
  /** False when the budget ran out: there may be more changes. */
  complete: boolean;
}

/** Pieces looked at for one pair of policies, */
const BUDGET = 20_000;
/** and words of their addresses that are gone over: a piece of a long list is work for thousands of others. */
const WORDS = 1_000_000_000;

export interface Side {
  policy: Policy;
  protections: Protection[];
}

/**
 * Malformed frames are not packets here: their verdict is `policy.malformed`, which can be compared as it is (malformedEffect). `now`: wall clock,
 * ms since 1970 (UTC); rules whose time was over by then decide nothing, absent: none was.
 */
export function diffPolicies(before: Side, after: Side, now = 0): SemanticDiff {
  const old = listInForce(before, now);
  const new_ = listInForce(after, now);
  const changes = new Map<string, Omit<FateChange, 'kinds'> & { kinds: Set<string> }>();
  const search = new Search(BUDGET);
  const everything = before.policy.mode === after.policy.mode ? undefined : new_.at(-1)?.boxes;
  for (const box of everything ?? affected(old, new_)) {
    for (const was of search.lead(box, old, before.policy)) {
      for (const is of search.lead(was.piece, new_, after.policy)) {
        if (was.effect === is.effect) continue;
        const change = { from: was.effect, to: is.effect, fromRow: was.row, toRow: is.row };
        const key = JSON.stringify(change);
        const known = changes.get(key) ?? { ...change, example: witnessOf(is.piece), kinds: new Set() };
        known.kinds.add(is.piece.kind.name);
        changes.set(key, known);
      }
    }
  }
  const told = [...changes.values()].map((change) => ({ ...change, kinds: [...change.kinds] }));
  return { changes: told, complete: search.complete };
}

function listInForce({ policy, protections }: Side, now: number): DecisionStep[] {
  return listDecisions(policy, protections).filter(
    ({ rule, countsOnly }) => !countsOnly && (rule?.until ?? Infinity) > now,
  );
}

/** The effect on malformed frames, which neither `protect` entries nor rules see. */
export function malformedEffect(policy: Policy): string {
  return effectOf({ action: { kind: policy.malformed } }, policy);
}

interface Ended {
  piece: Box;
  row: string;
  effect: string;
}

/** Splits boxes by the decision that takes them, until the budget is spent. */
class Search {
  complete = true;
  #words = WORDS;
  constructor(private left: number) {}

  lead(
    box: Box,
    steps: DecisionStep[],
    policy: Policy,
    start: Piece = { box, before: '' },
    first = 0,
  ): Ended[] {
    const ended: Ended[] = [];
    let rest = [start];
    for (const [index, step] of steps.entries()) {
      if (index < first) continue;
      const next: Piece[] = [];
      for (const piece of rest) {
        if (piece.left !== undefined && piece.left === step.layer) {
          next.push(piece);
          continue;
        }
        const mine = step.boxOf(piece.box.kind);
        this.#words -= countWords(piece.box) + (mine ? countWords(mine) : 0);
        if (this.#words <= 0) {
          this.complete = false;
          return ended;
        }
        const common = mine && intersectBoxes(piece.box, mine);
        if (!common) {
          next.push(piece);
          continue;
        }
        const effect = piece.before + effectOf(step, policy);
        if (step.leaves && step.conditional) {
          ended.push(
            ...this.#leadBothWays(common, steps, policy, { ...piece, before: effect }, step, index + 1),
          );
        } else if (step.leaves) next.push({ ...piece, box: common, left: step.layer });
        else if (step.conditional) next.push({ ...piece, box: common, before: `${effect}, else ` });
        else ended.push({ piece: common, row: step.row, effect });
        const outside = subtractAll([piece.box], [mine], this.left) ?? [];
        next.push(...outside.map((one) => ({ ...piece, box: one })));
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

  /** Of packets that leave a layer under a condition: what becomes of them if they do, and if they do not, in one. */
  #leadBothWays(
    box: Box,
    steps: DecisionStep[],
    policy: Policy,
    piece: Piece,
    { layer }: DecisionStep,
    first: number,
  ): Ended[] {
    return this.lead(box, steps, policy, { box, before: '', left: layer }, first).flatMap((gone) =>
      this.lead(gone.piece, steps, policy, { ...piece, box: gone.piece, before: '' }, first).map(
        (stayed) => ({
          ...stayed,
          effect: `${piece.before}: ${gone.effect}, else ${stayed.effect}`,
        }),
      ),
    );
  }
}

/** Packets on their way through the steps. */
interface Piece {
  box: Box;
  /** What may have become of them before, in words. */
  before: string;
  /** The layer that they have left: no step of it takes them any more. */
  left?: number | undefined;
}

function countWords({ sides }: Box): number {
  let words = 0;
  for (const side of sides.values()) if ('words' in side) words += side.words.length;
  return words;
}

function effectOf({ action, rule }: Pick<DecisionStep, 'action' | 'rule'>, { mode }: Policy): string {
  const words = [
    mode === 'audit' && action.kind !== 'pass'
      ? `pass (audit: ${describeAction(action)})`
      : describeAction(action),
  ];
  if (rule?.rateLimit) words.push(rateWords(rule.rateLimit));
  if (rule?.until !== undefined) words.push(`until ${new Date(rule.until).toISOString()}`);
  return words.join(', ');
}

/**
 * The packets whose decision may differ: those of the steps that were added, removed, changed or moved. Of a step that does the
 * same to other packets, as when its list changed, only those that it meets in one policy and not in the other.
 */
function affected(old: DecisionStep[], new_: DecisionStep[]): Box[] {
  const byRow = new Map<string, { step: DecisionStep; at: number }[]>(); // several built-in steps have one row
  old.forEach((step, at) => byRow.set(step.row, [...(byRow.get(step.row) ?? []), { step, at }]));
  const kept = new Set<DecisionStep>();
  const boxes: Box[] = [];
  let last = -1;
  for (const step of new_) {
    const alike = byRow.get(step.row)?.filter(({ step: one, at }) => at > last && doesTheSame(one, step));
    const same = alike?.find(({ step: one }) => meetsTheSame(one, step));
    const was = same ?? alike?.find(({ step: one }) => one.boxes.length > 0);
    if (!was) continue; // new, changed, or moved up
    last = was.at;
    kept.add(step).add(was.step);
    if (!same) boxes.push(...difference(was.step, step), ...difference(step, was.step));
  }
  return [...boxes, ...[...old, ...new_].filter((step) => !kept.has(step)).flatMap((step) => step.boxes)];
}

function difference(one: DecisionStep, other: DecisionStep): Box[] {
  return one.boxes.flatMap((box) => {
    const less = other.boxOf(box.kind);
    return less ? splitBox(box, less) : [box];
  });
}

function doesTheSame(x: DecisionStep, y: DecisionStep): boolean {
  if (!sameAction(x.action, y.action) || !isEqual(x.rule?.rateLimit, y.rule?.rateLimit)) return false;
  return x.rule?.until === y.rule?.until;
}

function meetsTheSame(x: DecisionStep, y: DecisionStep): boolean {
  // A built-in decision without a match is described by its row alone.
  return typeof x.packets === 'function' ? typeof y.packets === 'function' : isEqual(x.packets, y.packets);
}

/** Deep equality of data, ignoring functions. Not by JSON text: policies are large. */
function isEqual(x: unknown, y: unknown): boolean {
  if (x === y) return true;
  if (typeof x !== 'object' || typeof y !== 'object' || x === null || y === null) return false;
  const [mine, others] = [dataOf(x), new Map(dataOf(y))];
  return mine.length === others.size && mine.every(([field, value]) => isEqual(value, others.get(field)));
}

function dataOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, one]) => typeof one !== 'function');
}
