// Lifts our links above an interface while a program is attached to it: the kernel refuses that otherwise. Afterwards the links are made
// again with the programs that they had, lower interfaces first, whether the attachment succeeded or not. If one cannot be made, the
// attachment below is dropped again. A run that is killed meanwhile leaves interfaces without a link; the next pass attaches them.
import type { Handle, Pins } from '../kernel/pins.js';
import type { LiftedLink } from '../model/step.js';
import { dropLink, makeLink, requireOpen } from './effects.js';
import { effect } from './failpoint.js';

interface Lifted extends LiftedLink {
  program: Handle;
}

/** Runs `attach`, which attaches to the interface `name`, while none of our links is above it. Returns its result. */
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
      if (!program) continue; // it has no link any more
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

/** Makes the links again; one that exists already is left as it is. */
function putBack(pins: Pins, lifted: readonly Lifted[]): void {
  for (const { interface: name, ifindex, modes, program } of lifted) {
    effect('link', () => {
      using there = pins.objects.openPin(pins.link(name));
      if (!there) makeLink(pins, name, ifindex, modes, program);
    });
  }
}
