// A pass towards a generation that is there: what ran last, at boot, and what a change on trial leaves once it is decided. It
// ran before, so nothing of it goes on trial.
import { generationState, LEAVE_ALL_AS_IT_IS } from '../journal/generation-state.js';
import { newestGeneration } from '../journal/generation-list.js';
import { holdIfReadable, readHold } from '../journal/hold.js';
import { endExpired } from '../journal/suspension-writer.js';
import { readSuspensions } from '../journal/suspensions.js';
import type { Suspension } from '../model/suspension.js';
import { waitingTrial } from '../trial/waiting.js';
import { type PassInputs, QUIETLY, type Safeties } from './inputs.js';
import type { OpenHost } from './host.js';

/**
 * What `restore` brings back: generation `number`, 0 for nothing. `name` is that of the host, should the generation not say it.
 * Throws a PendingError while another change is on trial.
 */
export function inputsToRestore(host: OpenHost, number: number, name: string): PassInputs {
  const { dataDir, pins, lock } = host;
  const desired = generationState(dataDir, number, name);
  endExpired(lock);
  const pending = waitingTrial(dataDir, pins, desired);
  const hold = readHold(dataDir);
  const ranBefore = 'what is restored ran before';
  return {
    // There is nothing to restore, and nothing that is worth a generation.
    place: { ...host, lock: pending || number === 0 ? undefined : lock },
    target: {
      desired,
      generation: { origin: 'reconcile' },
      interfaces: 'all',
      retry: false,
      deep: false,
    },
    safeties: {
      confirmation: pending ? { ask: pending } : { notAsked: 'no change waits' },
      hold: hold ? { ask: { keeps: hold } } : { notAsked: 'nothing is on hold' },
      planFile: { notAsked: 'no plan was written down' },
      suspensions: suspensionsAnd(dataDir, hold?.lost === true),
      pruneGuard: hold ? { notAsked: ranBefore } : { ask: true },
      lockoutGuard: hold ? { notAsked: ranBefore } : { ask: { remotes: [], accepted: false } },
      trial: { notAsked: ranBefore },
    },
    report: QUIETLY,
  };
}

/**
 * What is left once a change was confirmed or undone: the newest generation, whole and clean. `except`: interfaces that a
 * suspension does not keep from that.
 */
export function inputsAfterDecision(host: OpenHost, except: ReadonlySet<string>): PassInputs {
  const { dataDir } = host;
  const newest = newestGeneration(dataDir);
  const isLost = newest === 0 || holdIfReadable(dataDir)?.lost === true;
  const ranBefore = 'the change that was decided was asked, and what was before it ran';
  return {
    place: host,
    target: {
      desired: generationState(dataDir, newest, ''),
      generation: { origin: 'reconcile' },
      interfaces: 'all',
      retry: false,
      deep: false,
    },
    safeties: {
      confirmation: { notAsked: 'it is decided' },
      hold: { notAsked: 'whoever decided has seen to it' },
      planFile: { notAsked: 'no plan was written down' },
      suspensions: suspensionsAnd(dataDir, isLost, except),
      pruneGuard: { notAsked: ranBefore },
      lockoutGuard: { notAsked: ranBefore },
      trial: { notAsked: ranBefore },
    },
    report: QUIETLY,
  };
}

/** `isLost`: nobody knows what ran before, so that nothing is touched, whatever is excepted. */
function suspensionsAnd(
  dataDir: string,
  isLost: boolean,
  except: ReadonlySet<string> = new Set(),
): Safeties['suspensions'] {
  const lost: Suspension[] = isLost ? [LEAVE_ALL_AS_IT_IS] : [];
  return { ask: { inForce: [...readSuspensions(dataDir), ...lost], except: isLost ? new Set() : except } };
}
