// The passes towards a recorded generation: `restore` at boot, and the clean-up after a change on trial was confirmed or undone. The
// content ran before, so it needs no trial.
import { generationState, SUSPENDED_AFTER_LOSS } from '../journal/generation-state.js';
import { newestGeneration } from '../journal/generation-list.js';
import { holdIfReadable, readHold } from '../journal/hold.js';
import { endExpired } from '../journal/suspension-writer.js';
import { readSuspensions } from '../journal/suspensions.js';
import type { Suspension } from '../model/suspension.js';
import { waitingTrial } from '../trial/waiting.js';
import { type PassInputs, QUIETLY, type Safeties } from './inputs.js';
import type { OpenHost } from './host.js';

/**
 * `restore` brings back generation `number`; 0 is nothing attached. `name` is the host's, for a generation that does not say it.
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
      goNative: false,
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
 * Converges to the newest generation after a change was confirmed or undone, and removes what the change left. `except`: interfaces
 * that are touched although they are suspended.
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
      goNative: false,
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

/** `isLost`: no record says what ran before, so nothing is touched, not even the exceptions. */
function suspensionsAnd(
  dataDir: string,
  isLost: boolean,
  except: ReadonlySet<string> = new Set(),
): Safeties['suspensions'] {
  const lost: Suspension[] = isLost ? [SUSPENDED_AFTER_LOSS] : [];
  return { ask: { inForce: [...readSuspensions(dataDir), ...lost], except: isLost ? new Set() : except } };
}
