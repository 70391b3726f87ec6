// What `diff` can compare beside git revisions: a generation that was applied, what the kernel runs, and what the state
// files say now. All three are about this host alone.
import { loadHost } from '../desired/load.js';
import { diff } from '../diff/diff.js';
import { runningState, resolvedState } from '../diff/running-state.js';
import { DiskObjectStore, MemoryObjectStore } from '../disk/object-store.js';
import type { HostPaths } from '../model/host-paths.js';
import { storedPolicy } from '../journal/stored-policies.js';
import { listGenerations } from '../journal/generation-list.js';
import { readGeneration } from '../journal/generations.js';
import { generationState } from '../journal/generation-state.js';
import { recordedProgram } from '../journal/running.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import type { DesiredProgram, DesiredState } from '../model/desired.js';
import { UsageError } from '../model/errors.js';
import type { ObservedState } from '../model/observed.js';
import type { DiffEnd } from '../model/state-diff.js';
import { observe } from '../observe/observe.js';
import { revisionOf } from '../source/adoption.js';

export interface DiffPaths extends HostPaths {
  stateDir: string;
  host: string;
}

/** A state of this host: `generation` 0 is nothing. */
export type HostEnd = { kind: 'generation'; number: number } | { kind: 'running' } | { kind: 'desired' };

/** `5`, `gen:5`, `running`, `desired`; `undefined` for what only git can know. Long numbers are commits. */
export function parseEnd(text: string): HostEnd | undefined {
  if (text === 'running' || text === 'desired') return { kind: text };
  const number = /^(?:gen:)?(0|[1-9]\d{0,5})$/.exec(text)?.[1];
  return number === undefined ? undefined : { kind: 'generation', number: Number(number) };
}

export interface ReadEnd {
  end: DiffEnd;
  state: DesiredState;
}

/** Both ends. What runs has interfaces and modes and no patterns: what it is compared with is made so too. */
export async function readEnds(
  ends: [HostEnd, HostEnd],
  texts: [string, string],
  paths: DiffPaths,
): Promise<[ReadEnd, ReadEnd]> {
  requireCapabilities();
  const observed = ends.some(({ kind }) => kind === 'running')
    ? await observe({ bpffs: paths.bpffs })
    : undefined;
  const [from, to] = [
    await readEnd(ends[0], texts[0], paths, observed),
    await readEnd(ends[1], texts[1], paths, observed),
  ];
  if (!observed) return [from, to];
  const resolve = (one: ReadEnd, end: HostEnd): ReadEnd =>
    end.kind === 'running' ? one : { ...one, state: resolvedState(one.state, diff(one.state, observed)) };
  return [resolve(from, ends[0]), resolve(to, ends[1])];
}

async function readEnd(
  end: HostEnd,
  revision: string,
  paths: DiffPaths,
  observed: ObservedState | undefined,
): Promise<ReadEnd> {
  const { dataDir, stateDir, host } = paths;
  if (end.kind === 'generation') return readKept(end.number, revision, paths);
  if (end.kind === 'running') {
    const state = runningState(host, observed ?? (await observe({ bpffs: paths.bpffs })), (digest) =>
      programOf(digest, dataDir),
    );
    return { end: { revision }, state };
  }
  const store = new MemoryObjectStore(new DiskObjectStore(dataDir));
  const { desired } = await loadHost({ stateDir, host, store });
  const commit = revisionOf(stateDir, dataDir)?.commit;
  return { end: { revision, ...(commit !== undefined && { commit }) }, state: desired };
}

function readKept(number: number, revision: string, { dataDir, host }: DiffPaths): ReadEnd {
  if (number !== 0 && !listGenerations(dataDir).includes(number)) {
    throw new UsageError(`there is no generation ${number}`, {
      hint: '`xdpkeep history` lists them; for a git revision that looks like a number, write refs/heads/ or refs/tags/ before it.',
    });
  }
  const source = number === 0 ? undefined : readGeneration(dataDir, number).source;
  const end = { revision, ...(source && { commit: source.commit }) };
  return { end, state: generationState(dataDir, number, host) };
}

function programOf(digest: string, dataDir: string): DesiredProgram | undefined {
  const recorded = recordedProgram(dataDir, digest);
  if (!recorded) return undefined;
  const { firewall, ...program } = recorded;
  return { ...program, ...(firewall !== undefined && { firewall: storedPolicy(dataDir, firewall) }) };
}
