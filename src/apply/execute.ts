// Which effects a step is made of, and in which order.
import type { WriterLock } from '../journal/lock.js';
import type { Layout } from '../kernel/layout.js';
import type { EffectiveStep, TargetInstance } from '../model/step.js';
import type { Candidate } from '../prove/candidate.js';
import {
  clean,
  discard,
  dropLink,
  forget,
  giveBack,
  link,
  movePins,
  pinInstance,
  repin,
  swap,
  takeOver,
} from './effects.js';

/** Brings a step into effect. `loaded` is the proven instance, absent when the step uses a pinned one. */
export function execute(
  _lock: WriterLock,
  step: EffectiveStep,
  layout: Layout,
  loaded: Candidate | undefined,
): void {
  const { interface: name } = step;
  if ('instance' in step) ensurePinned(step.instance, name, layout, loaded);
  switch (step.kind) {
    case 'attach':
      if (step.takeOver) takeOver(layout, name, step.ifindex, step.takeOver);
      if (step.dropLink) dropLink(layout, name);
      link(layout, name, step.ifindex, step.modes, step.instance.digest);
      return;
    case 'reattach':
      dropLink(layout, name);
      link(layout, name, step.ifindex, step.modes, step.instance.digest);
      return;
    case 'swap':
      swap(layout, name, step.instance.digest, { programId: step.fromProgramId, digest: step.fromDigest });
      return;
    case 'detach':
      dropLink(layout, name);
      if (step.giveBack && step.ifindex !== undefined) giveBack(layout, name, step.ifindex, step.giveBack);
      return;
    case 'repin':
      for (const map of step.maps) repin(layout, name, step.digest, map);
      return;
    case 'rename':
      movePins(layout, step.from, name, step.linkId);
      return;
    case 'clean':
      return; // its work is what `finish` does
  }
}

/** Removes what a step has left behind. Only after it was verified: until then it may have to be undone. */
export function finish(_lock: WriterLock, step: EffectiveStep, layout: Layout): void {
  const { interface: name } = step;
  if (step.kind === 'detach') {
    clean(layout, name, undefined);
    forget(layout, name);
  } else if (step.kind === 'clean') clean(layout, name, step.keepDigest);
  else if ('instance' in step) clean(layout, name, step.instance.digest);
}

/** Removes what a step that was undone had brought in; what was pinned before it stays. */
export function finishUndo(_lock: WriterLock, step: EffectiveStep, layout: Layout): void {
  if ('instance' in step && !step.instance.pinned) discard(layout, step.interface, step.instance.digest);
  if (step.kind === 'attach' && step.takeOver) forget(layout, step.interface);
}

function ensurePinned(
  instance: TargetInstance,
  name: string,
  layout: Layout,
  loaded: Candidate | undefined,
): void {
  if (instance.pinned) return;
  if (!loaded) throw new Error(`no instance ${instance.digest} was proven for ${name}`);
  pinInstance(layout, name, instance.digest, loaded);
}
