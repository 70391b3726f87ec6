// `--deep`: an instance is named by what it was made of, and that is believed by every other pass. Here it is not.
import { diff } from '../diff/diff.js';
import type { Convergence } from './goal.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { type ObservedState, runningInstance } from '../model/observed.js';
import { findDifferences, type Running } from '../prove/compare.js';

/** The observed state, with what differs said of the instances that run. */
export async function compareDeeply(
  { desired, store, bpffs }: Pick<Convergence, 'desired' | 'store' | 'bpffs'>,
  observed: ObservedState,
): Promise<ObservedState> {
  const running = diff(desired, observed).flatMap(({ interface: name, wanted, owned }): Running[] => {
    const instance = owned && runningInstance(owned);
    if (!wanted || instance?.digest !== wanted.program.digest || instance.programId === undefined) return [];
    return [{ interface: name, program: wanted.program, programId: instance.programId }];
  });
  const found = await findDifferences(running, { pinPaths: pinPathsOf(bpffs), store, observed });
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
