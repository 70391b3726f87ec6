// The pass of `reconcile`: towards the state files, or towards what a hold or a change on trial keeps in their place. Every safety
// is asked. Suspensions whose time is over are ended in the journal first.
import { resolve as toAbsolute } from 'node:path';
import { loadHost } from '../desired/load.js';
import { generationState, SUSPENDED_AFTER_LOSS } from '../journal/generation-state.js';
import { readHold } from '../journal/hold.js';
import { endExpired } from '../journal/suspension-writer.js';
import { readSuspensions } from '../journal/suspensions.js';
import type { DesiredState } from '../model/desired.js';
import { diagnosticLine } from '../model/diagnostic.js';
import type { ChangeOptions, ReconcileOptions } from '../model/pass-options.js';
import type { Hold } from '../model/reconciliation.js';
import type { Safeguards } from '../model/safeguards.js';
import { lookAhead } from '../observe/observe.js';
import { revisionOf } from '../source/adoption.js';
import { waitingTrial } from '../trial/waiting.js';
import type { PassInputs, Safeties } from './inputs.js';
import { refuseCollapse } from './list-changes.js';
import type { Host } from './host.js';

export interface StateFilesInputs extends PassInputs {
  /** Keeps what the state files were resolved to, for the next pass; absent when that is known. */
  remember?: () => void;
}

/** Throws a PendingError while another change is on trial, a RefusedError when a list has lost too much. */
export async function inputsFromStateFiles(host: Host, options: ReconcileOptions): Promise<StateFilesInputs> {
  const { dataDir, pins, store } = host;
  const { from, progress } = options;
  const firstLook = lookAhead(host.observe); // bpftool runs while the state files are read
  const {
    desired: written,
    safeguards,
    warnings,
    remember,
  } = await loadHost({ ...from, ...(progress && { progress }), store });
  if (host.lock) endExpired(host.lock);
  const pending = waitingTrial(dataDir, pins, written);
  const hold = pending ? undefined : readHold(dataDir);
  const isKept = hold?.digests.includes(written.written) === true;
  if (!pending && !isKept) refuseCollapse(dataDir, written);
  const source = revisionOf(from.stateDir, dataDir);
  return {
    place: { ...host, firstLook, lock: pending ? undefined : host.lock },
    target: {
      desired: isKept && hold.lost !== true ? keptBy(hold, dataDir, written) : written,
      generation: { origin: 'reconcile', ...(source && { source }) },
      interfaces: 'all',
      retry: options.change.retry ?? false,
      goNative: options.change.retry ?? false,
      deep: options.change.deep ?? false,
    },
    safeties: {
      ...(isKept ? safetiesUnderHold(hold, dataDir) : safetiesOf(options, dataDir, safeguards, hold)),
      ...(pending && safetiesWhileWaiting(pending)),
    },
    report: {
      dryRun: host.lock === undefined && !pending,
      warnings: warnings.map(diagnosticLine),
      progress,
    },
    ...(remember && { remember }),
  };
}

function keptBy({ generation }: Hold, dataDir: string, { host }: DesiredState): DesiredState {
  return generationState(dataDir, generation, host);
}

function safetiesOf(
  { from, change }: ReconcileOptions,
  dataDir: string,
  safeguards: Safeguards,
  hold: Hold | undefined,
): Safeties {
  const readFrom = { stateDir: toAbsolute(from.stateDir), host: from.host };
  const { acceptLockout: accepted = false } = change;
  return {
    confirmation: { notAsked: 'no change waits' },
    hold: hold ? { ask: { endsBecause: 'the state files changed' } } : { notAsked: 'nothing is on hold' },
    planFile: { notAsked: 'no plan was written down' },
    suspensions: { ask: { inForce: readSuspensions(dataDir), except: new Set() } },
    pruneGuard: change.allowPrune === true ? { notAsked: 'allowed by --allow-prune-all' } : { ask: true },
    lockoutGuard: { ask: { remotes: from.remotes ?? [], accepted } },
    trial: { ask: { safeguards: withConfirm(safeguards, change), readFrom } },
  };
}

/** If the generation that the hold keeps is lost, nothing that runs is changed. */
function safetiesUnderHold(hold: Hold, dataDir: string): Safeties {
  const why = 'what a hold keeps ran before';
  const lost = hold.lost === true ? [SUSPENDED_AFTER_LOSS] : [];
  return {
    confirmation: { notAsked: 'no change waits' },
    hold: { ask: { keeps: hold } },
    planFile: { notAsked: 'no plan was written down' },
    suspensions: { ask: { inForce: [...readSuspensions(dataDir), ...lost], except: new Set() } },
    pruneGuard: { notAsked: why },
    lockoutGuard: { notAsked: why },
    trial: { notAsked: why },
  };
}

/** `--confirm-within` replaces the time that the Host file gives. */
export function withConfirm(
  written: Safeguards,
  { confirmWithin }: Pick<ChangeOptions, 'confirmWithin'>,
): Safeguards {
  return { ...written, ...(confirmWithin !== undefined && { confirm: confirmWithin }) };
}

/** A pass that finds a change waiting changes nothing. */
function safetiesWhileWaiting(pending: NonNullable<ReturnType<typeof waitingTrial>>): Partial<Safeties> {
  return {
    confirmation: { ask: pending },
    hold: { notAsked: 'a change waits' },
    trial: { notAsked: 'a change waits, and nothing is changed' },
  };
}
