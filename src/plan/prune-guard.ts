// The prune guard refuses plans that look like a mistake in the state files: a pass that would detach all interfaces or more than half of
// them, or that detaches one while another name in the files does not exist. --allow-prune-all overrides it. It does not apply to
// what an operator ordered by name (rollback, detach).
import { linkStateOf } from '../diff/link-state.js';
import type { ObservedState } from '../model/observed.js';
import type { Plan } from '../model/step.js';

/** On a host with at most this many interfaces, half of them is no suspicious number. */
const FEW = 2;

/** Why the plan needs --allow-prune-all, as one sentence; `undefined` when it does not. */
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

/** Names in the state files that do not exist, as the end of a sentence: one of them may be a typing error. */
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
