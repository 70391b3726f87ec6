// What a pass goes for: the state files of this host, or what a hold or a change on trial keeps. A suspension that has ended by
// now is ended here.
import { resolve as toAbsolute } from 'node:path';
import { loadHost } from '../desired/load.js';
import { DiskObjectStore, MemoryObjectStore } from '../disk/object-store.js';
import { readHold } from '../journal/hold.js';
import { generationState, LEAVE_ALL_AS_IT_IS } from '../journal/generation-state.js';
import type { WriterLock } from '../journal/lock.js';
import { endExpired } from '../journal/suspension-writer.js';
import { readSuspensions } from '../journal/suspensions.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { refuseCollapse } from './list-changes.js';
import type { HostPaths } from '../model/host-paths.js';
import type { DesiredState } from '../model/desired.js';
import { diagnosticLine } from '../model/diagnostic.js';
import type { Endpoint } from '../model/flow.js';
import type { ObjectStore } from '../model/object-store.js';
import type { ObservedState } from '../model/observed.js';
import type { PendingReport, Place } from '../model/pending.js';
import type { Progress } from '../model/progress.js';
import type { Hold } from '../model/reconciliation.js';
import type { Generation } from '../model/record.js';
import type { Safeguards } from '../model/safeguards.js';
import type { Plan } from '../model/step.js';
import type { Suspension } from '../model/suspension.js';
import { lookAhead } from '../observe/observe.js';
import { revisionOf } from '../source/adoption.js';
import { waitingTrial } from '../trial/waiting.js';

/** What may be said of one change. */
export interface ChangeOptions {
  /** Try again what failed lately, though it may cost a gap. */
  retry?: boolean;
  /** Milliseconds within which a change has to be confirmed, in place of what the Host file says. */
  confirmWithin?: number;
  /** Make the change though it drops a flow that must live. */
  acceptLockout?: boolean;
  /** Detach also what looks like an accident. */
  allowPrune?: boolean;
  /** Compare what the kernel holds with what it should hold, and do not go by names. */
  deep?: boolean;
  /** Whom the state files come from: their answers have to get through. */
  remotes?: readonly Endpoint[];
}

export interface ReconcileOptions extends HostPaths, ChangeOptions {
  stateDir: string;
  host: string;
  /** What diagnostics call the state directory; they name its files alone when it is absent. */
  shownAs?: string;
  /** Plan and prove, change nothing, take no lock. */
  dryRun: boolean;
  /** Told while lists are read. */
  progress?: Progress;
}

export interface Convergence extends HostPaths, Omit<ChangeOptions, 'confirmWithin'> {
  /** Told while programs are proven. */
  progress?: Progress;
  desired: DesiredState;
  store: ObjectStore;
  warnings: string[];
  /** What to write into the generation, should one be made. `of` is left out unless content is repeated. */
  origin: Pick<Generation, 'origin'> & Partial<Pick<Generation, 'of' | 'reason' | 'source'>>;
  hold?: Hold;
  /** Why the hold that is there ends, once this state is in effect: what is refused ends nothing. */
  endsHold?: string;
  /** What `desired` was read from. */
  place?: Place;
  /** Names of the interfaces that may be touched; all of them when absent. */
  only?: ReadonlySet<string>;
  /** What must wait, however it differs. */
  suspensions?: Suspension[];
  /** What the kernel runs at first; looked for when it is absent. */
  look?: () => Promise<ObservedState>;
  /** What a change to a new desired state has to stand; nothing when absent. */
  safeguards?: Safeguards;
  /** The change to `desired` waits for its confirmation: nothing is changed meanwhile. */
  pending?: PendingReport;
  /** Keeps what the state files were resolved to, for the next pass; absent when that is known. */
  remember?: () => void;
  /** Is told what was planned from which observation, before anything is done; throws to prevent it. */
  witness?: (planned: Plan, observed: ObservedState) => void;
}

/** With a lock, what has ended is ended in the records. Throws a PendingError while another change is on trial. */
export async function loadGoal(
  options: ReconcileOptions,
  lock: WriterLock | undefined,
): Promise<Convergence> {
  const { dataDir } = options;
  const look = lookAhead(options); // bpftool runs while the state files are read
  const disk = new DiskObjectStore(dataDir);
  const store = lock ? disk : new MemoryObjectStore(disk);
  const { desired, safeguards, warnings: found, remember } = await loadHost({ ...options, store });
  if (lock) endExpired(lock);
  const source = revisionOf(options.stateDir, dataDir);
  const goal = {
    ...options,
    desired,
    look,
    store,
    warnings: found.map(diagnosticLine),
    suspensions: readSuspensions(dataDir),
    ...(remember && { remember }),
    origin: { origin: 'reconcile' as const, ...(source && { source }) },
  };
  const pending = waitingTrial(dataDir, pinPathsOf(options.bpffs), desired);
  if (pending) return { ...goal, pending };
  const hold = readHold(dataDir);
  if (hold?.digests.includes(desired.written)) {
    if (hold.lost) {
      return { ...goal, hold, suspensions: [...goal.suspensions, LEAVE_ALL_AS_IT_IS] };
    }
    return { ...goal, hold, desired: generationState(dataDir, hold.generation, desired.host) };
  }
  refuseCollapse(dataDir, desired);
  const place = { stateDir: toAbsolute(options.stateDir), host: options.host };
  const ends = hold && { endsHold: 'the state files changed' };
  return { ...goal, ...ends, place, safeguards: withConfirm(safeguards, options) };
}

/** The command line has the last word on how long there is to confirm. */
export function withConfirm(asked: Safeguards, { confirmWithin }: ChangeOptions): Safeguards {
  return { ...asked, ...(confirmWithin !== undefined && { confirm: confirmWithin }) };
}
