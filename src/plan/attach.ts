// Plans the attachment to an interface that runs no link of ours: is it allowed, and what is detached for it.
import type { AttachMode, DesiredMode } from '../model/desired.js';
import type { Difference } from '../model/difference.js';
import type { XdpAttachment } from '../model/observed.js';
import type { ForeignProgram, NoStep, Step } from '../model/step.js';
import { takesFrags, withFrags, withoutFrags } from '../diff/bind.js';
import { planInstance } from './carry.js';
import type { PlanContext, WantedDifference } from './context.js';

/**
 * Adapts what is wanted to how the interface was last attached (mode, frags). At boot, and on an interface that was created again, the
 * MTU may not be set yet, and a program that is attached in another way could prevent that (decision 0125).
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

/** Had mode `auto` fallen back to generic, and does no operator ask for another attempt? */
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
  const [foreign] = difference.foreign;
  if (foreign && wanted.foreign === 'refuse') {
    return refuse(
      difference,
      `the foreign ${describe(foreign)} is attached (${foreign.mode})`,
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
    gap: foreign !== undefined,
    modes: again ? ['generic'] : modesOf(wanted.mode),
    ...(why !== undefined && { fellBackBecause: why }),
    instance: planInstance(wanted.program, difference.owned, undefined, context),
    dropLink: difference.owned?.link !== undefined,
    ...(foreign && { takeOver: foreignProgram(foreign) }),
  };
}

/** Adds to the reason that the step keeps mode generic, where mode `auto` would try native first. */
export function sayMode(step: Step, difference: WantedDifference, context: PlanContext): Step {
  if (step.kind !== 'attach' || !isGenericAgain(difference, context)) return step;
  return { ...step, reason: `${step.reason}; in mode generic, as it ran before` };
}

/** The modes to try, in order. */
export function modesOf(mode: DesiredMode): AttachMode[] {
  return mode === 'auto' ? ['native', 'generic'] : [mode];
}

function describe(attachment: XdpAttachment): string {
  const held = attachment.linkId === undefined ? '' : `, held by link ${attachment.linkId}`;
  return `program ${attachment.programId} (${attachment.programName || 'unnamed'}${held})`;
}

/** May the pinned link be dropped, which is alive but not on this interface? Only if we made it from this network namespace. */
export function mayReplace(difference: Difference, context: PlanContext): boolean {
  if (context.past.attachedFrom.get(difference.interface) === context.observed.netns) return true;
  const { linkState } = difference;
  // A link on a renamed interface of this namespace is ours as well.
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
  const [foreign] = difference.foreign;
  if (foreign) return `taken over from the foreign ${describe(foreign)}; gap between the two`;
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
