// Maps each kind of step to its effects and their order.
import type { WriterLock } from '../journal/lock.js';
import type { Pins } from '../kernel/pins.js';
import type { AttachStep, Attachment, DetachStep, EffectiveStep, TargetInstance } from '../model/step.js';
import type { Candidate } from '../prove/candidate.js';
import { forgetOthers, record, retime, stopRecording } from './record.js';
import {
  clean,
  discard,
  dropLink,
  forgetForeign,
  giveBack,
  link,
  movePins,
  pinInstance,
  repin,
  swap,
  takeOver,
} from './effects.js';
import { whileLifted } from './lift.js';

/**
 * Brings a step into effect. `loaded` is the proven instance, absent when the step uses a pinned one. Returns how the interface was
 * attached when a link was made, else `undefined`.
 */
export function execute(
  _lock: WriterLock,
  step: EffectiveStep,
  pins: Pins,
  loaded: Candidate | undefined,
): Attachment | undefined {
  const { interface: name } = step;
  if ('instance' in step) ensurePinned(step.instance, name, pins, loaded);
  switch (step.kind) {
    case 'attach':
      return whileLifted(pins, name, step.lifts, () => {
        if (step.takeOver) takeOver(pins, name, step.ifindex, step.takeOver);
        if (step.dropLink) dropLink(pins, name);
        return withReason(link(pins, name, step.ifindex, step.modes, step.instance.digest), step);
      });
    case 'reattach':
      return whileLifted(pins, name, step.lifts, () => {
        dropLink(pins, name);
        return link(pins, name, step.ifindex, step.modes, step.instance.digest);
      });
    case 'swap':
      swap(pins, name, step.instance.digest, { programId: step.fromProgramId, digest: step.fromDigest });
      return undefined;
    case 'detach':
      dropLink(pins, name);
      bringBack(pins, step);
      return undefined;
    case 'repin':
      for (const map of step.maps) repin(pins, name, step.digest, map);
      return undefined;
    case 'rename':
      movePins(pins, step.from, name, step.linkId);
      return undefined;
    case 'record':
      record(pins, name, step, loaded);
      return undefined;
    case 'retime':
      retime(pins, step.timeouts);
      return undefined;
    case 'forget':
    case 'clean':
      return undefined; // `finish` does it
  }
}

function bringBack(pins: Pins, { interface: name, ifindex, giveBack: kept, lifts }: DetachStep): void {
  if (!kept || ifindex === undefined) return;
  whileLifted(pins, name, lifts, () => {
    giveBack(pins, name, ifindex, kept);
  });
}

/** Adds why native mode was not tried, which an earlier record says. */
function withReason(
  attached: Attachment | undefined,
  { fellBackBecause }: AttachStep,
): Attachment | undefined {
  return attached && fellBackBecause !== undefined ? { ...attached, fellBackBecause } : attached;
}

/** Removes the former instance or other remains of a step. To be called after verification only: before it the step may be undone. */
export function finish(_lock: WriterLock, step: EffectiveStep, pins: Pins): void {
  const { interface: name } = step;
  if (step.kind === 'detach') {
    clean(pins, name, undefined);
    forgetForeign(pins, name);
  } else if (step.kind === 'clean') clean(pins, name, step.keepDigest);
  else if (step.kind === 'record') forgetOthers(pins, name, step.digest);
  else if (step.kind === 'forget') forgetOthers(pins, name, step.keepDigest);
  else if ('instance' in step) clean(pins, name, step.instance.digest);
}

/** Removes what an undone step had pinned; what was pinned before the step stays. */
export function finishUndo(_lock: WriterLock, step: EffectiveStep, pins: Pins): void {
  if ('instance' in step && !step.instance.pinned) discard(pins, step.interface, step.instance.digest);
  if (step.kind === 'attach' && step.takeOver) forgetForeign(pins, step.interface);
  if (step.kind === 'record') stopRecording(pins, step.interface, step.digest);
}

function ensurePinned(
  instance: TargetInstance,
  name: string,
  pins: Pins,
  loaded: Candidate | undefined,
): void {
  if (instance.pinned) return;
  if (!loaded) throw new Error(`no instance ${instance.digest} was proven for ${name}`);
  pinInstance(pins, name, instance.digest, loaded);
}
