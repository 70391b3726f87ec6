// Attaching to an interface that does not run a link of ours: when it may be done, and what has to make room.
import type { AttachMode, DesiredMode } from '../model/desired.js';
import type { Difference } from '../model/difference.js';
import type { XdpAttachment } from '../model/observed.js';
import type { ForeignProgram, NoStep, Step } from '../model/step.js';
import { takesFrags, withFrags, withoutFrags } from '../diff/bind.js';
import { planInstance } from './carry.js';
import type { PlanContext, WantedDifference } from './context.js';

/**
 * What is wanted of an interface that is not attached (any more), as it ran before: at boot and where an interface was made
 * anew, nobody may have set its MTU yet, and what is attached then can keep it from being set.
 */
export function asAttachedBefore(difference: WantedDifference, context: PlanContext): WantedDifference {
  const { wanted } = difference;
  const last = context.past.attaching.last.get(difference.interface);
  if (!last) return difference;
  if (isGenericAgain(difference, context))
    return { ...difference, wanted: { ...wanted, program: withoutFrags(wanted.program) } };
  const frags = takesFrags(last.digest) && (wanted.mode === 'auto' || wanted.mode === 'native');
  return frags ? { ...difference, wanted: { ...wanted, program: withFrags(wanted.program) } } : difference;
}

/** Mode `auto` had fallen back, and nobody asks for another attempt. */
function isGenericAgain(difference: WantedDifference, context: PlanContext): boolean {
  const { mode } = difference.wanted;
  return (
    mode === 'auto' &&
    !context.past.attaching.goNative &&
    context.past.attaching.last.get(difference.interface)?.mode === 'generic'
  );
}

export function planAttach(difference: WantedDifference, context: PlanContext): Step {
  const { wanted, observed, linkState } = difference;
  if (linkState.kind === 'elsewhere' && !mayReplace(difference, context)) {
    return refuse(
      difference,
      `its pinned link ${linkState.link.id} is attached in another network namespace`,
      'Give every network namespace its own --bpffs and --data-dir.',
    );
  }
  const [inTheWay] = difference.foreign;
  if (inTheWay && wanted.foreign === 'refuse') {
    return refuse(
      difference,
      `the foreign ${describe(inTheWay)} is attached (${inTheWay.mode})`,
      'Detach it, or set `foreign: replace` to take the interface over and keep that program for rollback.',
    );
  }
  const again = isGenericAgain(difference, context);
  const why = again ? context.past.attaching.last.get(difference.interface)?.fellBackBecause : undefined;
  return {
    kind: 'attach',
    action: 'attach',
    interface: difference.interface,
    ifindex: observed.ifindex,
    reason: reasonFor(difference),
    gap: inTheWay !== undefined,
    modes: again ? ['generic'] : modesOf(wanted.mode),
    ...(why !== undefined && { fellBackBecause: why }),
    instance: planInstance(wanted.program, difference.owned, undefined, context),
    dropLink: difference.owned?.link !== undefined,
    ...(inTheWay && { takeOver: foreignProgram(inTheWay) }),
  };
}

/** The step with the mode named that it keeps, where another one would be tried first. */
export function sayMode(step: Step, difference: WantedDifference, context: PlanContext): Step {
  if (step.kind !== 'attach' || !isGenericAgain(difference, context)) return step;
  return { ...step, reason: `${step.reason}; in mode generic, as it ran before` };
}

/** In the order in which they are tried. */
export function modesOf(mode: DesiredMode): AttachMode[] {
  return mode === 'auto' ? ['native', 'generic'] : [mode];
}

function describe(attachment: XdpAttachment): string {
  const held = attachment.linkId === undefined ? '' : `, held by link ${attachment.linkId}`;
  return `program ${attachment.programId} (${attachment.programName || 'unnamed'}${held})`;
}

/** A live link that is not on this interface may go only if it was us, from this namespace, who made it. */
export function mayReplace(difference: Difference, context: PlanContext): boolean {
  if (context.past.attachedFrom.get(difference.interface) === context.observed.netns) return true;
  const { linkState } = difference;
  // An interface that was renamed still runs in this namespace: that is proof enough.
  return (
    linkState.kind === 'elsewhere' &&
    context.observed.interfaces.some(({ xdp }) => xdp.some(({ linkId }) => linkId === linkState.link.id))
  );
}

export function refuse(difference: Difference, reason: string, hint: string): NoStep {
  return {
    kind: 'none',
    action: 'none',
    interface: difference.interface,
    ...(difference.observed && { ifindex: difference.observed.ifindex }),
    reason,
    gap: false,
    condition: 'Refused',
    hint,
  };
}

function foreignProgram({ programId, programName, mode, linkId }: XdpAttachment): ForeignProgram {
  return { programId, programName, mode, ...(linkId !== undefined && { linkId }) };
}

function reasonFor(difference: WantedDifference): string {
  const [inTheWay] = difference.foreign;
  if (inTheWay) return `taken over from the foreign ${describe(inTheWay)}; gap between the two`;
  switch (difference.linkState.kind) {
    case 'dead':
      return 'the interface was deleted and made again';
    case 'elsewhere':
      return 'the interface that had this name moved to another network namespace';
    case 'attached':
    case 'none':
      return 'not attached';
  }
}
