// Turns differences into steps, each with its reason and its inverse; "nothing to do" is a step too. This file decides which kind of step
// an interface gets; the other files of the folder make the steps.
import { goesBy, type Named } from '../model/altnames.js';
import type { DesiredInterface, DesiredState } from '../model/desired.js';
import type { Rename } from '../diff/renames.js';
import type { Difference } from '../model/difference.js';
import { isGlob, matchesInterface } from '../text/glob.js';
import type { ObservedState } from '../model/observed.js';
import type { Position } from '../model/position.js';
import type { Plan, PlannedStep, Step } from '../model/step.js';
import { suggest } from '../text/suggest.js';
import { asAttachedBefore, planAttach, refuse, sayMode } from './attach.js';
import { planChange } from './change.js';
import type { PlanContext } from './context.js';
import { doubtsOnLink, whyUnfit } from '../policy/analysis/link-fit.js';
import { considerDrift, considerLostRecorder } from './drift.js';
import { invert } from './invert.js';
import { planPrune } from './prune.js';
import { planRecording, planRepinning, planRetiming } from './record.js';
import { considerStacks } from './stacks.js';

/** `renames` are done first; `differences` are those after the renames. */
export function plan(
  desired: DesiredState,
  differences: Difference[],
  context: PlanContext,
  renames: readonly Rename[] = [],
): Plan {
  const recordings = differences.flatMap((difference) => {
    const step = planRecording(difference, context);
    return step ? considerLostRecorder(step, difference, differences, context) : [];
  });
  const repinning = planRepinning(differences, context);
  if (repinning) {
    const { wanted, observed } = repinning.difference;
    if (wanted && observed)
      recordings.push(
        considerDrift(repinning.step, { ...repinning.difference, wanted, observed }, context.past.drift),
      );
  }
  const retime = planRetiming(differences, context);
  const all = differences.map((difference) => planOne(difference, desired, context));
  const steps = [
    ...recordings.filter(({ kind }) => kind !== 'none'),
    ...(retime ? [retime] : []),
    ...considerStacks(all, differences, context).map((step) => leaveLost(step, recordings)),
  ].sort(byOrder);
  return {
    steps: [...renames.map(planRename), ...steps].map(withInverse),
    warnings: [...uncovered(desired, context.observed), ...leftOpen(steps), ...differences.flatMap(doubts)],
  };
}

function planOne(difference: Difference, desired: DesiredState, context: PlanContext): Step {
  const { wanted, observed, owned } = difference;
  if (!wanted) return planPrune(difference, context);
  if (owned?.trouble) {
    return {
      kind: 'none',
      action: 'none',
      interface: difference.interface,
      ...(observed && { ifindex: observed.ifindex }),
      reason: owned.trouble.reason,
      gap: false,
      condition: 'Failed',
      ...(owned.trouble.hint !== undefined && { hint: owned.trouble.hint }),
    };
  }
  if (!observed) {
    return {
      kind: 'none',
      action: 'none',
      interface: difference.interface,
      reason: 'the interface does not exist',
      gap: false,
      condition: 'Missing',
      hint: hintForMissing(difference.interface, wanted.at, desired, context.observed),
    };
  }
  if (difference.namedTwice) return refuse(difference, ...namedTwiceWords(difference.namedTwice));
  if (difference.missingTarget !== undefined) {
    return {
      kind: 'none',
      action: 'none',
      interface: difference.interface,
      ifindex: observed.ifindex,
      reason: `the redirect target ${difference.missingTarget} does not exist`,
      gap: false,
      condition: 'Missing',
      hint: `Make that interface, or correct the rules of ${wanted.program.label}. What runs keeps running.`,
    };
  }
  const unfit = whyUnfit(observed, wanted.program);
  if (unfit) return refuse(difference, unfit.reason, unfit.hint);
  const { linkState } = difference;
  if (linkState.kind === 'attached') {
    const attached = { ...difference, wanted, observed, linkState };
    return considerDrift(planChange(attached, context), attached, context.past.drift);
  }
  const fresh = asAttachedBefore({ ...difference, wanted, observed }, context);
  return sayMode(considerDrift(planAttach(fresh, context), fresh, context.past.drift), fresh, context);
}

/** A recorder that is lost, and is left so, is what there is to say of an interface where nothing else is. */
function leaveLost(step: Step, recordings: readonly Step[]): Step {
  const left = recordings.find((one) => one.interface === step.interface && one.kind === 'none');
  return left && step.kind === 'none' && step.condition === 'Ready' ? left : step;
}

/** Why, and what to do. */
function namedTwiceWords(entries: readonly DesiredInterface[]): [string, string] {
  const named = entries.map(({ pattern, at }) => `${pattern} (${at.file}:${at.line})`).join(' and ');
  return [
    `it is named twice: ${named}`,
    'Both are names of one interface: keep one entry. What runs keeps running.',
  ];
}

function doubts({ wanted, observed }: Difference): string[] {
  return wanted && observed ? doubtsOnLink(observed, wanted.program) : [];
}

function planRename({ from, to, ifindex, linkId }: Rename): Step {
  return {
    kind: 'rename',
    action: 'update',
    interface: to,
    from,
    ifindex,
    linkId,
    reason: `the interface was ${from} before; its pins follow`,
    gap: false,
  };
}

/** Suggests an interface that exists and is in no state file: it was probably meant. */
function hintForMissing(
  name: string,
  { file, line }: Position,
  { interfaces }: DesiredState,
  observed: ObservedState,
): string {
  const isWanted = (one: Named) =>
    interfaces.some(({ pattern }) => goesBy(one, pattern) || matchesInterface(pattern, one.name));
  const free = observed.interfaces.flatMap((one) =>
    isWanted(one) ? [] : [one.name, ...(one.altnames ?? [])],
  );
  const meant = suggest(name, free);
  const question = meant === undefined ? '' : `Did you mean ${meant}? `;
  return `${question}${file}:${line} names it; it is attached as soon as it appears. If it is not always there, name it by a pattern, like "${optional(name)}".`;
}

/** `ens5` -> `[e]ns5`: the same interface as a pattern, which may match nothing. */
function optional(name: string): string {
  return `[${name.charAt(0)}]${name.slice(1)}`;
}

/** Attachments come before detachments: until it is attached, an interface is unprotected; until it is detached, it is protected. */
const ORDER: Record<Step['kind'], number> = {
  none: 0,
  rename: 0,
  record: 1,
  retime: 2,
  clean: 2,
  repin: 2,
  swap: 2,
  attach: 2,
  reattach: 2,
  detach: 3,
  forget: 4,
};

function byOrder(a: Step, b: Step): number {
  return ORDER[a.kind] - ORDER[b.kind];
}

function withInverse(step: Step): PlannedStep {
  const inverse = step.kind === 'none' ? undefined : invert(step);
  return inverse ? { step, inverse } : { step };
}

/** Warns of what may be a typing error: one name in the state files does not exist, and another interface is detached. */
function leftOpen(steps: Step[]): string[] {
  const missing = steps.filter((step) => step.kind === 'none' && step.condition === 'Missing');
  const closed = steps.filter((step) => step.kind === 'detach' && step.mode !== undefined);
  if (missing.length === 0) return [];
  const names = missing.map((step) => step.interface).join(', ');
  return closed.map(
    (step) => `${step.interface} is left without a program, while ${names} does not exist: is a name wrong?`,
  );
}

function uncovered(desired: DesiredState, observed: ObservedState): string[] {
  return desired.interfaces
    .filter(({ pattern }) => isGlob(pattern))
    .filter(({ pattern }) => !observed.interfaces.some(({ name }) => matchesInterface(pattern, name)))
    .map(({ pattern, at }) => `${at.file}:${at.line}: the pattern "${pattern}" matches no interface`);
}
