// The pass of the first block of an interface: its running policy is swapped for the same policy as a program that looks sources up in
// the map of blocks. Only the named interfaces are touched, and a change of the state files that waits (for a suspension or a hold to
// end) does not come in with it.
import { wantedFor } from '../diff/diff.js';
import { newestGeneration } from '../journal/generation-list.js';
import { generationState } from '../journal/generation-state.js';
import { storedPolicy } from '../journal/stored-policies.js';
import { recordedProgram } from '../journal/running.js';
import { listLinks } from '../kernel/rtnetlink.js';
import { goesBy } from '../model/altnames.js';
import type { DesiredInterface } from '../model/desired.js';
import { type OwnedInterface, runningInstance } from '../model/observed.js';
import { type PassInputs, QUIETLY } from './inputs.js';
import type { OpenHost } from './host.js';

/** `targets` run a policy. `name`: of the host. */
export function inputsForBlock(host: OpenHost, name: string, targets: readonly OwnedInterface[]): PassInputs {
  const kept = generationState(host.dataDir, newestGeneration(host.dataDir), name);
  const links = listLinks();
  const asItRuns: DesiredInterface[] = [];
  let others = kept.interfaces;
  for (const one of targets) {
    const link = links.find(({ name: found }) => found === one.name) ?? one;
    const wanted = wantedAsItRuns(one, wantedFor(kept, link), host.dataDir);
    if (!wanted) continue;
    asItRuns.push(wanted);
    others = others.filter(({ pattern }) => !goesBy(link, pattern));
  }
  const same = 'what decides stays the same but for the block, which was asked before';
  return {
    place: host,
    target: {
      desired: { ...kept, interfaces: [...asItRuns, ...others] },
      generation: { origin: 'reconcile' }, // none, unless an older release made what runs
      interfaces: new Set(targets.map((one) => one.name)),
      retry: true, // an operator waits for it
      goNative: false,
      deep: false,
    },
    safeties: {
      confirmation: { notAsked: 'a first block is refused while a change waits' },
      hold: { notAsked: 'nothing comes back' },
      planFile: { notAsked: 'no plan was written down' },
      suspensions: { notAsked: 'an operator blocks on these interfaces, and no other is touched' },
      pruneGuard: { notAsked: 'nothing is detached' },
      lockoutGuard: { notAsked: same },
      trial: { notAsked: same },
    },
    report: QUIETLY,
  };
}

/** Keeps the mode that is attached. A program that no generation knows is replaced by the wanted one. */
function wantedAsItRuns(
  one: OwnedInterface,
  wanted: DesiredInterface | undefined,
  dataDir: string,
): DesiredInterface | undefined {
  const digest = runningInstance(one)?.digest;
  const recorded = digest === undefined ? undefined : recordedProgram(dataDir, digest);
  if (!recorded || !wanted) return undefined;
  const { firewall, ...program } = recorded;
  const policy = firewall === undefined ? undefined : storedPolicy(dataDir, firewall);
  return {
    ...wanted,
    pattern: one.name,
    mode: 'auto',
    program: { ...program, ...(policy && { firewall: policy }) },
  };
}
