// Plans an interface that runs our link: no step, a swap of its program, or a new link where the kernel allows no swap.
import { type ObservedInstance, runningInstance } from '../model/observed.js';
import type { Condition, NativeOutlook, ReattachStep, Step } from '../model/step.js';
import { modesOf } from './attach.js';
import { withFrags } from '../diff/bind.js';
import { needsFrags } from '../diff/frags.js';
import { planInstance } from './carry.js';
import type { AttachedDifference, PlanContext } from './context.js';
import { planUnfit } from './unfit.js';

/** The maps of a policy that belong to its interface. */
const OF_INTERFACE = ['counters', 'blocks'];

export function planChange(difference: AttachedDifference, context: PlanContext): Step {
  const { wanted, observed, owned, linkState } = difference;
  const { link, attachment } = linkState;
  const current = owned && runningInstance(owned);
  const base = { interface: difference.interface, ifindex: observed.ifindex, linkId: link.id };
  const from = current && { fromDigest: current.digest };

  const fellBack = wanted.mode === 'auto' && attachment.mode === 'generic';
  const outlook = context.past.attaching.native.get(observed.ifindex) ?? 'unknown';
  if (fellBack && context.past.attaching.goNative && outlook !== 'refused') {
    const program = needsFrags(observed) ? withFrags(wanted.program) : wanted.program;
    return {
      ...base,
      ...from,
      kind: 'reattach',
      action: 'update',
      reason: `mode generic -> native, which was refused before; gap while the link is made anew${alsoProgram(current, program.digest)}`,
      gap: true,
      modes: modesOf(wanted.mode),
      fromMode: attachment.mode,
      instance: planInstance(program, owned, current, context),
    };
  }
  if (!modesOf(wanted.mode).includes(attachment.mode)) {
    const step: ReattachStep = {
      ...base,
      ...from,
      kind: 'reattach',
      action: 'update',
      reason: `mode ${attachment.mode} -> ${wanted.mode}; gap while the link is made anew${alsoProgram(current, wanted.program.digest)}`,
      gap: true,
      modes: modesOf(wanted.mode),
      fromMode: attachment.mode,
      instance: planInstance(wanted.program, owned, current, context),
    };
    return unlessItFailed(step, context);
  }
  if (current?.digest !== wanted.program.digest) {
    const unfit = planUnfit(difference, current, context);
    if (unfit) return unfit;
    return {
      ...base,
      ...from,
      kind: 'swap',
      action: 'update',
      reason: `program ${current?.digest ?? 'of a lost pin'} -> ${wanted.program.digest}`,
      gap: false,
      mode: attachment.mode,
      fromProgramId: link.programId,
      instance: planInstance(wanted.program, owned, current, context),
    };
  }
  if (current.differs !== undefined) {
    return {
      ...base, // no `fromDigest`: the new instance replaces this one under the same digest
      kind: 'swap',
      action: 'update',
      reason: `program ${current.digest} is not what it was made of: ${current.differs}`,
      gap: false,
      mode: attachment.mode,
      fromProgramId: link.programId,
      instance: planInstance(wanted.program, owned, current, context),
    };
  }
  if (current.lost) {
    return {
      kind: 'repin',
      action: 'update',
      interface: difference.interface,
      reason: 'maps in use lost their pins, and get them back',
      gap: false,
      digest: current.digest,
      maps: current.lost.map(({ id, name }) => ({
        id,
        name: fullName(name, current, context),
        ...(wanted.program.firewall && OF_INTERFACE.includes(name) && { ofInterface: true as const }),
      })),
    };
  }
  if ((owned?.instances.length ?? 0) > 1 && !context.past.keepsFormer) {
    return {
      kind: 'clean',
      action: 'update',
      interface: difference.interface,
      reason: 'pins of a former instance are removed',
      gap: false,
      keepDigest: current.digest,
    };
  }
  const [condition, reason] = fellBack
    ? degraded(context.past.fellBackBecause.get(observed.ifindex), outlook)
    : READY;
  return {
    kind: 'none',
    action: 'none',
    interface: difference.interface,
    ifindex: observed.ifindex,
    reason,
    gap: false,
    condition,
  };
}

/** A change of mode costs a gap even when it fails. So one that failed lately waits, unless an operator asks for it. */
function unlessItFailed(step: ReattachStep, { past: { failedLately } }: PlanContext): Step {
  const failed = failedLately.get(step.interface);
  if (failed?.step.kind !== 'reattach' || !sameChange(failed.step, step)) return step;
  return {
    kind: 'none',
    action: 'none',
    interface: step.interface,
    ifindex: step.ifindex,
    reason: `mode ${step.fromMode} -> ${step.modes.join(' or ')} failed lately: ${failed.note ?? 'no reason was recorded'}`,
    gap: false,
    condition: 'Failed',
    hint: 'It would cost another gap, so it is tried again 10 minutes after it failed; `xdpkeep reconcile --retry` tries now.',
  };
}

function sameChange(a: ReattachStep, b: ReattachStep): boolean {
  return (
    a.ifindex === b.ifindex && a.instance.digest === b.instance.digest && a.modes.join() === b.modes.join()
  );
}

/** The kernel truncates names to 15 characters; the object file has the full name. */
function fullName(name: string, { digest, maps }: ObservedInstance, { definitions }: PlanContext): string {
  const found = definitions
    .get(digest)
    ?.find((one) => !one.internal && one.name.startsWith(name) && !maps.some((map) => map.name === one.name));
  return found?.name ?? name;
}

const READY: [Condition, string] = ['Ready', 'in sync'];

function degraded(why: string | undefined, outlook: NativeOutlook): [Condition, string] {
  const because = why === undefined ? '' : `: ${why}`;
  const again =
    outlook === 'possible'
      ? '; native is possible now: `xdpkeep reconcile --retry` goes there, with a gap while the link is made anew'
      : '';
  return ['Degraded', `in sync; mode auto fell back to generic${because}${again}`];
}

function alsoProgram(current: ObservedInstance | undefined, wanted: string): string {
  return current?.digest === wanted ? '' : `; program ${current?.digest ?? 'of a lost pin'} -> ${wanted}`;
}
