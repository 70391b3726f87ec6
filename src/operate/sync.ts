// One pass from git: the adopted commit is reconciled from first, then the repository is asked. The newest commit that may be applied is adopted, and reconciled from. What may not be applied, and
// a remote that does not answer, leave the last good commit in its place, which is reconciled from all the same: drift
// is healed whatever happens to the repository.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadHost } from '../desired/load.js';
import { DiskObjectStore, MemoryObjectStore } from '../disk/object-store.js';
import { makeDataDir, type WriterLock, withWriterLock } from '../journal/lock.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { abortOnSignal } from '../kernel/abort-on-signal.js';
import type { GitSource, Verification } from '../model/config.js';
import { UnfitSourceError, UnreachableError, UntaggedError, XdpkeepError } from '../model/errors.js';
import type { Reconciliation } from '../model/reconciliation.js';
import type { SourceReport } from '../model/revision.js';
import type { ReconcileOptions } from '../model/pass-options.js';
import { openHost, viewHost } from '../pass/open-host.js';
import { reconcileOn } from '../pass/reconcile.js';
import { remoteOf } from '../source/remote.js';
import { acquire, type Acquisition, type Candidate, restore } from '../source/acquire.js';
import { fetchedRepository, requireFetched } from '../source/fetched.js';
import {
  adopt,
  type Adoption,
  adoptedStateDir,
  lastAnswer,
  noteAnswer,
  readAdoption,
  sourceFolder,
  treeFolder,
} from '../source/adoption.js';
import { noteRefusal } from '../source/refusal.js';
import { isIntact } from '../source/tree.js';

/** Where the state files of a host come from. */
interface RepositoryPlace {
  host: string;
  source: GitSource;
  verification: Verification | undefined;
  /** Where `fetch` has brought the repository to: this pass needs no network then. */
  offline?: string;
}

export interface SyncOptions extends Omit<ReconcileOptions, 'from'> {
  from: RepositoryPlace;
  /** Ends what is asked of the remote, which then counts as one that does not answer. */
  ended?: AbortSignal;
}

export interface Synced {
  result: Reconciliation;
  /** Why the newest commit is not applied; the result is then that of the last good one. */
  refusal?: XdpkeepError;
}

/** Throws what keeps the newest commit from being applied where there is no earlier one. */
export async function sync(options: SyncOptions): Promise<Synced> {
  requireCapabilities();
  if (options.dryRun) return rehearse(options);
  const folder = sourceFolder(options.dataDir);
  makeDataDir(options.dataDir);
  // Its own lock: who rolls back must not wait for a network.
  return withWriterLock(folder, async () => {
    const adopted = readAdoption(options.dataDir);
    const healed = adopted && (await heal(options, adopted));
    const found = await abortOnSignal((signalled) => {
      const ended = AbortSignal.any([signalled, ...(options.ended ? [options.ended] : [])]);
      return look(options, { ...options.from, folder, ended }, adopted);
    });
    return withWriterLock(options.dataDir, async (lock) => {
      if (found.candidate) adopt(lock, found.candidate.adoption, found.candidate.copy);
      if (found.heard) noteAnswer(options.dataDir, found.heard);
      if (found.heard ?? found.refusal) noteRefusal(lock, found.refusal ?? found.waiting);
      if (healed && !found.candidate) return report(found, options, () => Promise.resolve(healed), adopted);
      const pass = async (stateDir: string) => after(healed, await passFrom(options, stateDir, lock));
      return report(found, options, pass, adopted);
    });
  });
}

function passFrom(options: SyncOptions, stateDir: string, lock: WriterLock): Promise<Reconciliation> {
  return openHost(lock, options, (host) => reconcileOn(host, passOptions(options, stateDir)));
}

function passOptions(options: SyncOptions, stateDir: string): ReconcileOptions {
  const { host, source } = options.from;
  const remote = remoteOf(source.git);
  return { ...options, from: { stateDir, host, shownAs: source.path, remotes: remote ? [remote] : [] } };
}

/**
 * What the kernel runs is brought to the adopted commit before anything is asked of the repository: whatever that has, and
 * however long it takes, drift does not wait for it. `undefined` where that cannot be done now: the pass after the look does it, or
 * says why not.
 */
async function heal(options: SyncOptions, adopted: Adoption): Promise<Reconciliation | undefined> {
  const { dataDir } = options;
  if (!isIntact(treeFolder(dataDir), adopted.files)) return undefined;
  const stateDir = adoptedStateDir(dataDir, adopted.path);
  try {
    return await withWriterLock(dataDir, (lock) => passFrom(options, stateDir, lock));
  } catch {
    return undefined;
  }
}

/** What the pass before has done is part of what was done. */
function after(healed: Reconciliation | undefined, result: Reconciliation): Reconciliation {
  if (healed?.changed !== true) return result;
  const done = healed.steps.filter(({ action }) => action !== 'none');
  return { ...result, changed: true, steps: [...done, ...result.steps] };
}

/** The same without a trace: the mirror and the copy are made elsewhere and go away. */
function rehearse(options: SyncOptions): Promise<Synced> {
  const adopted = readAdoption(options.dataDir);
  return abortOnSignal(async (ended) => {
    const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-'));
    try {
      const found = await look(options, { ...options.from, folder, ended }, adopted);
      const { path } = options.from.source;
      const copy = found.candidate && join(found.candidate.copy, path);
      const pass = (adoptedDir: string) =>
        reconcileOn(viewHost(options), passOptions(options, copy ?? adoptedDir));
      return await report(found, options, pass, adopted);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

interface Found {
  /** New, and valid for this host. */
  candidate?: Candidate | undefined;
  /** When the remote had what is applied from now on; absent where it has something else, or is not heard. */
  heard?: Date;
  stale?: UnreachableError;
  refusal?: XdpkeepError;
  /** What is newer has no tag yet. */
  waiting?: UntaggedError;
}

async function look(options: SyncOptions, where: Acquisition, adopted: Adoption | undefined): Promise<Found> {
  const found = await lookAtRemote(options, where, adopted);
  if (adopted && !found.candidate && !options.dryRun) {
    const { offline } = options.from;
    const from = offline === undefined ? {} : { from: fetchedRepository(offline) };
    await restore(options.dataDir, adopted, { ...where, ...from });
  }
  return found;
}

async function lookAtRemote(
  options: SyncOptions,
  where: Acquisition,
  adopted: Adoption | undefined,
): Promise<Found> {
  const { offline, source } = options.from;
  let problem: UnreachableError | UnfitSourceError | undefined;
  let heard = new Date();
  try {
    const fetched = offline === undefined ? undefined : requireFetched(offline, source);
    problem = fetched?.problem;
    if (fetched) ({ heard } = fetched);
    const from = offline === undefined ? {} : { from: fetchedRepository(offline) };
    const candidate = await acquire({ ...where, ...from }, adopted);
    if (candidate) await requireValid(options, candidate);
    const answered = problem instanceof UnfitSourceError ? {} : { heard };
    return { candidate, ...answered, ...(problem && kindOf(problem)) };
  } catch (error) {
    if (adopted && error instanceof UntaggedError && !problem) return { heard, waiting: error };
    // What was refused when it was fetched is why it is not there.
    const why = problem instanceof UnfitSourceError ? problem : error;
    if (!adopted || !(why instanceof XdpkeepError)) throw why;
    return kindOf(why);
  }
}

/** Is it that the remote is away, or that it has what must not be applied? */
function kindOf(problem: XdpkeepError): Pick<Found, 'stale' | 'refusal'> {
  return problem instanceof UnreachableError ? { stale: problem } : { refusal: problem };
}

/** A commit that this host cannot use must not become the one that it falls back to. */
async function requireValid(options: SyncOptions, { copy }: Candidate): Promise<void> {
  const { host, source } = options.from;
  const store = new MemoryObjectStore(new DiskObjectStore(options.dataDir));
  await loadHost({ host, stateDir: join(copy, source.path), store, shownAs: source.path });
}

async function report(
  found: Found,
  { from, dataDir }: SyncOptions,
  pass: (stateDir: string) => Promise<Reconciliation>,
  adopted: Adoption | undefined,
): Promise<Synced> {
  const { refusal, stale, waiting } = found;
  const applied = found.candidate?.adoption ?? adopted;
  if (!applied) throw new Error('there is neither a new commit nor an old one');
  const result = await pass(adoptedStateDir(dataDir, applied.path));
  const reason = (refusal ?? stale)?.message;
  const about: SourceReport = {
    ...from.source,
    revision: applied.revision,
    condition: refusal ? 'SourceRefused' : stale ? 'SourceStale' : 'Current',
    heard: found.heard?.toISOString() ?? lastAnswer(dataDir),
    ...(reason !== undefined && { reason }),
    ...(waiting && { waiting: waiting.message }),
  };
  const left = applied.leftOut.map((file) => `${file} is no regular file, and left out`);
  return {
    result: { ...result, source: about, warnings: [...result.warnings, ...left] },
    ...(refusal && { refusal }),
  };
}
