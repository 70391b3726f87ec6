// Whether the kernel now runs what a step promised. Judged from a fresh observation, never from return codes.
import { linkStateOf } from '../diff/link-state.js';
import { changedLives } from '../model/connections.js';
import { type ObservedState, runningInstance } from '../model/observed.js';
import type { EffectiveStep } from '../model/step.js';

/** What is wrong, as one sentence; `undefined` when the step holds. */
export function verifyStep(step: EffectiveStep, observed: ObservedState): string | undefined {
  const owned = observed.owned.find(({ name }) => name === step.interface);
  const interface_ = observed.interfaces.find(({ name }) => name === step.interface);
  const now = linkStateOf(interface_, owned);
  if (step.kind === 'clean' || step.kind === 'forget') return undefined;
  if (step.kind === 'retime') {
    const found = observed.connections?.timeouts;
    return found && changedLives(found, step.timeouts) === '' ? undefined : 'the timeouts are not in effect';
  }
  if (step.kind === 'record') {
    const found = owned?.egress?.find(({ digest }) => digest === step.digest);
    return found?.link.ifindex === step.ifindex ? undefined : 'what leaves is not recorded';
  }
  if (step.kind === 'repin') {
    const pinned = owned?.instances.find(({ digest }) => digest === step.digest)?.maps ?? [];
    const ids = [...pinned, ...(owned?.counters ? [owned.counters] : [])].map(({ id }) => id);
    const unpinned = observed.connections?.lost?.map(({ id }) => id) ?? [];
    const lost = step.maps.filter(({ id, ofHost }) => (ofHost ? unpinned.includes(id) : !ids.includes(id)));
    return lost.length === 0 ? undefined : `map ${lost.map(({ name }) => name).join(', ')} is not pinned`;
  }
  if (step.kind === 'rename') return owned?.link?.id === step.linkId ? undefined : 'the pins did not move';
  if (step.kind === 'detach') return now.kind === 'none' ? undefined : `link ${now.link.id} is still pinned`;

  if (now.kind !== 'attached') return `the interface does not run our link (${now.kind})`;
  const instance = owned && runningInstance(owned);
  if (instance?.digest !== step.instance.digest) {
    return `program ${now.link.programId} runs instead of instance ${step.instance.digest}`;
  }
  const modes = step.kind === 'swap' ? [step.mode] : step.modes;
  const { mode } = now.attachment;
  return modes.includes(mode) ? undefined : `attached ${mode} instead of ${modes.join(' or ')}`;
}
