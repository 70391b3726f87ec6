// `--deep`: an instance is named by what it was made of, and that is believed by every other pass. Here it is not.
import { diff } from '../diff/diff.js';
import type { PassInputs } from './inputs.js';
import { type ObservedState, runningInstance } from '../model/observed.js';
import type { Running } from '../prove/compare.js';

/** The observed state, with what differs said of the instances that run. */
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
