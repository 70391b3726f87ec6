// `reconcile --deep` compares what the kernel holds with what it should hold. All other passes trust the digest in the name of an
// instance.
import { diff } from '../diff/diff.js';
import type { PassInputs } from './inputs.js';
import { type ObservedState, runningInstance } from '../model/observed.js';
import type { Running } from '../prove/compare.js';

/** The observed state; each attached instance that differs from what it should be says how. */
export async function compareDeeply(
  { place, target }: Pick<PassInputs, 'place' | 'target'>,
  observed: ObservedState,
): Promise<ObservedState> {
  const running = diff(target.desired, observed).flatMap(({ interface: name, wanted, owned }): Running[] => {
    const instance = owned && runningInstance(owned);
    if (!wanted || instance?.digest !== wanted.program.digest || instance.programId === undefined) return [];
    return [{ interface: name, program: wanted.program, programId: instance.programId }];
  });
  const context = { pinPaths: place.pins, store: place.store, observed };
  const found = await place.machine.findDifferences(running, context);
  const owned = observed.owned.map((one) => {
    const differs = found.get(one.name);
    const current = runningInstance(one);
    if (differs === undefined) return one;
    return {
      ...one,
      instances: one.instances.map((instance) =>
        instance === current ? { ...instance, differs } : instance,
      ),
    };
  });
  return { ...observed, owned };
}
