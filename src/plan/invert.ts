// Makes the inverse of a step. Inverses use only pinned instances: undoing compiles and loads nothing.
import type { EffectiveStep, TargetInstance } from '../model/step.js';

/** `undefined` when nothing of the former state is pinned: the step has no inverse. */
export function invert(step: EffectiveStep): EffectiveStep | undefined {
  const base = { interface: step.interface, reason: `undo: ${step.reason}`, gap: step.gap };
  const lifts = 'lifts' in step ? { lifts: step.lifts } : {};
  switch (step.kind) {
    case 'attach':
      return {
        ...base,
        ...lifts,
        kind: 'detach',
        action: 'detach',
        ifindex: step.ifindex,
        fromDigest: step.instance.digest,
        ...(step.takeOver && {
          giveBack: { programId: step.takeOver.programId, mode: step.takeOver.mode, ifTaken: true },
        }),
      };
    case 'swap':
      if (step.fromDigest === undefined) return undefined;
      return {
        ...base,
        kind: 'swap',
        action: 'update',
        ifindex: step.ifindex,
        mode: step.mode,
        linkId: step.linkId,
        fromDigest: step.instance.digest,
        instance: pinned(step.fromDigest),
      };
    case 'reattach': {
      const [mode] = step.modes;
      if (step.fromDigest === undefined || mode === undefined) return undefined;
      return {
        ...base,
        ...lifts,
        kind: 'reattach',
        action: 'update',
        ifindex: step.ifindex,
        modes: [step.fromMode],
        linkId: step.linkId,
        fromMode: mode,
        fromDigest: step.instance.digest,
        instance: pinned(step.fromDigest),
      };
    }
    case 'detach':
      if (step.ifindex === undefined || step.mode === undefined || step.fromDigest === undefined)
        return undefined;
      return {
        ...base,
        ...lifts,
        kind: 'attach',
        action: 'attach',
        ifindex: step.ifindex,
        modes: [step.mode],
        dropLink: false,
        instance: pinned(step.fromDigest),
        ...(step.giveBack && { takeOver: { ...step.giveBack, programName: '' } }),
      };
    case 'rename':
      return { ...step, ...base, interface: step.from, from: step.interface };
    case 'repin':
      return { ...base, kind: 'clean', action: 'update', keepDigest: step.digest };
    case 'record':
      return { ...base, kind: 'forget', action: 'update' };
    case 'retime':
      return { ...step, ...base, timeouts: step.former, former: step.timeouts };
    case 'forget':
    case 'clean':
      return undefined;
  }
}

function pinned(digest: string): TargetInstance {
  return { digest, pinned: true, maps: { carried: [], fresh: [] } };
}
