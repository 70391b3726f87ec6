// Links of ours above an interface, out of the way while one attaches below: the kernel refuses that otherwise. Whatever becomes
// of it, they are made again with the programs that they had, lower ones first; one that cannot be makes the attachment below
// void. A run that is killed meanwhile leaves interfaces without a link, which the next pass attaches.
import type { Handle, Pins } from '../kernel/pins.js';
import type { LiftedLink } from '../model/step.js';
import { dropLink, makeLink, requireOpen } from './effects.js';
import { effect } from './failpoint.js';

interface Lifted extends LiftedLink {
  program: Handle;
}

/** Does `attach`, which brings something in on the interface `name`, while nothing of ours is above it. */
export function whileLifted<T>(
  pins: Pins,
  name: string,
  lifts: readonly LiftedLink[] | undefined,
  attach: () => T,
): T {
  if (!lifts) return attach();
  const lifted: Lifted[] = [];
  let isAttached = false;
  try {
    for (const one of lifts.toReversed()) {
      const program = programOf(pins, one);
      if (!program) continue; // it has no link any more, so that it is in nobody's way
      lifted.unshift({ ...one, program });
      dropLink(pins, one.interface);
    }
    const result = attach();
    isAttached = true;
    putBack(pins, lifted);
    return result;
  } catch (error) {
    if (isAttached) dropLink(pins, name);
    putBack(pins, lifted);
    throw error;
  } finally {
    for (const { program } of lifted) program[Symbol.dispose]();
  }
}

function programOf(pins: Pins, { interface: name }: LiftedLink): Handle | undefined {
  using held = pins.objects.openPin(pins.link(name));
  if (!held) return undefined;
  const { programId } = pins.objects.linkInfo(held);
  return requireOpen(pins.objects.openProgram(programId), `program ${programId}`);
}

/** Those that are back already stay. */
function putBack(pins: Pins, lifted: readonly Lifted[]): void {
  for (const { interface: name, ifindex, modes, program } of lifted) {
    effect('link', () => {
      using there = pins.objects.openPin(pins.link(name));
      if (!there) makeLink(pins, name, ifindex, modes, program);
    });
  }
}
