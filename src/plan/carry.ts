// Decides which instance a step attaches, and which of its maps are carried over from a former instance.
import type { DesiredProgram } from '../model/desired.js';
import { type MapDefinition, whyNotCarried } from '../model/instance.js';
import type { ObservedInstance, OwnedInterface } from '../model/observed.js';
import type { MapCarry, TargetInstance } from '../model/step.js';
import type { PlanContext } from './context.js';

/**
 * `current` is the instance in use. Without one (the interface was created again, or the link was lost), maps are carried over from any
 * complete instance that is still pinned.
 */
export function planInstance(
  program: DesiredProgram,
  owned: OwnedInterface | undefined,
  current: ObservedInstance | undefined,
  { definitions }: PlanContext,
): TargetInstance {
  const instances = owned?.instances ?? [];
  const { digest } = program;
  const complete = instances.find(
    (one) => one.digest === digest && one.programId !== undefined && one.differs === undefined,
  );
  if (complete) {
    const carried = complete.maps.map(({ name }) => name);
    return { digest, pinned: true, program, maps: { carried, fresh: [] } };
  }
  const from =
    current ??
    instances.find((one) => one.programId !== undefined) ??
    instances.find((one) => one.digest === digest); // only its program pin is gone
  const maps = carry(definitions.get(digest) ?? [], from);
  return { digest, pinned: false, program, ...(from && { carryFrom: from.digest }), maps };
}

function carry(definitions: readonly MapDefinition[], from: ObservedInstance | undefined): MapCarry {
  const result: MapCarry = { carried: [], fresh: [] };
  for (const definition of definitions) {
    const { name, internal } = definition;
    const older = from?.maps.find((map) => map.name === name);
    if (internal) {
      if (from && HOLDS_GLOBALS.test(name)) result.fresh.push({ name, why: 'global variables start afresh' });
      continue;
    }
    if (!older) {
      result.fresh.push({ name, why: 'new' });
      continue;
    }
    const why = whyNotCarried(definition, older);
    if (why === undefined) result.carried.push(name);
    else result.fresh.push({ name, why });
  }
  return result;
}

/** `.rodata` has only constants: replacing it loses no state, so it is not reported. */
const HOLDS_GLOBALS = /\.(data|bss)/;
