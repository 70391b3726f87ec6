// The prune guard: state files that lost interfaces look like any other wish. A pass that would end all that runs, or
// more than half of it, or that leaves an interface open while another name of the file does not exist, is taken for
// an accident until somebody says that it is none. What an operator asks for by name (rollback, detach) is not asked.
import { linkStateOf } from '../diff/link-state.js';
import type { ObservedState } from '../model/observed.js';
import type { Plan } from '../model/step.js';

/** Up to this many interfaces, losing some of them is no rarity. */
const FEW = 2;

/** Why this plan must not be applied unasked, as one sentence; `undefined` when it may. */
export function suspectPrune({ steps }: Plan, { owned, interfaces }: ObservedState): string | undefined {
  const running = owned.filter((one) =>
    interfaces.some((interface_) => linkStateOf(interface_, one).kind === 'attached'),
  );
  const links = new Set(running.map(({ link }) => link?.id));
  const leaving = steps.flatMap(({ step }) =>
    step.kind === 'detach' && step.linkId !== undefined && links.has(step.linkId) ? [step.interface] : [],
  );
  if (leaving.length === 0) return undefined;
  const names = leaving.join(', ');
  const doubt = doubtAbout(steps);
  if (leaving.length === running.length)
    return `nothing that runs would be left: ${names} would be detached${doubt ?? ''}`;
  if (running.length > FEW && leaving.length * 2 > running.length)
    return `${leaving.length} of ${running.length} interfaces would be detached: ${names}${doubt ?? ''}`;
  return doubt && `${names} would be left without a program${doubt}`;
}

/** Names of the state files that no interface has: who mistyped one must not look for another cause. */
function doubtAbout(steps: Plan['steps']): string | undefined {
  const absent = steps.flatMap(({ step }) =>
    step.kind === 'none' && step.condition === 'Missing' && step.ifindex === undefined
      ? [step.interface]
      : [],
  );
  if (absent.length === 0) return undefined;
  const verb = absent.length === 1 ? 'does' : 'do';
  return `, while ${absent.join(', ')} ${verb} not exist: a name may be wrong`;
}
