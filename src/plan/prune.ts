// Plans the detachment of interfaces that the state files no longer name. A program that was taken over there is attached again.
import { runningInstance } from '../model/observed.js';
import type { Difference } from '../model/difference.js';
import type { Step } from '../model/step.js';
import { mayReplace, refuse } from './attach.js';
import type { PlanContext } from './context.js';

export function planPrune(difference: Difference, context: PlanContext): Step {
  const { linkState, owned, observed } = difference;
  if (linkState.kind === 'elsewhere' && !mayReplace(difference, context)) {
    return refuse(
      difference,
      `its pinned link ${linkState.link.id} is attached in another network namespace`,
      'Give every network namespace its own --bpffs and --data-dir; remove the pin by hand if that namespace does not exist any more.',
    );
  }
  if (linkState.kind === 'none' && context.past.keepsFormer) {
    return {
      kind: 'none',
      action: 'none',
      interface: difference.interface,
      ...(observed && { ifindex: observed.ifindex }),
      reason: 'detached; its program is kept until the change is confirmed',
      gap: false,
      condition: 'Ready',
    };
  }
  const attached = linkState.kind === 'attached' ? linkState : undefined;
  const current = attached && owned && runningInstance(owned);
  const giveBack = observed && difference.foreign.length === 0 ? owned?.foreign : undefined;
  return {
    kind: 'detach',
    action: 'detach',
    interface: difference.interface,
    reason: reasonFor(difference) + (giveBack ? `; program ${giveBack.programId} is given back` : ''),
    gap: giveBack !== undefined,
    ...(observed && { ifindex: observed.ifindex }),
    ...(linkState.kind !== 'none' && { linkId: linkState.link.id }),
    ...(attached && { mode: attached.attachment.mode }),
    ...(current && { fromDigest: current.digest }),
    ...(giveBack && { giveBack }),
  };
}

function reasonFor({ linkState, observed }: Difference): string {
  if (!observed) return 'the interface is gone and not wanted: its pins are removed';
  return linkState.kind === 'attached' ? 'not wanted any more' : 'left-over pins are removed';
}
