// Compares what runs with what would be loaded now. A candidate is loaded as for an update; its instructions (which include
// the settings of a policy), the shapes of its maps and the content of read-only maps must equal those of the running
// program. Counters and other maps that the program writes are not compared.
import { showPrograms } from '../kernel/bpftool.js';
import type { ProgramShow } from '../kernel/bpftool-schema.js';
import type { Fd } from '../kernel/fd.js';
import { type PinPaths, TABLES_SECTION } from '../kernel/pin-paths.js';
import { readWhole } from '../kernel/map-write.js';
import { mapInfo, openMap, openProgram, programId, programTag } from '../kernel/pinned.js';
import type { DesiredProgram } from '../model/desired.js';
import { XdpkeepError } from '../model/errors.js';
import type { ObjectStore } from '../model/object-store.js';
import type { ObservedState } from '../model/observed.js';
import { compilePolicy } from '../policy/compile/compile.js';
import { layOutSet } from '../policy/compile/set-layout.js';
import type { Candidate } from './candidate.js';
import { SharedConnections } from './egress.js';
import { loadCandidate } from './prove.js';
import { SharedRing } from './ring.js';
import { SetMaps } from './sets.js';
import type { SharedMaps } from './shared-maps.js';

export interface Running {
  interface: string;
  /** What should run there, bound to this host. */
  program: DesiredProgram;
  programId: number;
}

interface CompareContext {
  pinPaths: PinPaths;
  store: ObjectStore;
  observed: ObservedState;
}

/** By interface, what is not as it should be. One that cannot be loaded now says so when it has to be. */
export async function findDifferences(
  running: Running[],
  context: CompareContext,
): Promise<Map<string, string>> {
  const differences = new Map<string, string>();
  for (const one of running) {
    using setMaps = new SetMaps(context.pinPaths);
    using ring = new SharedRing();
    using connections = new SharedConnections(context.pinPaths);
    using candidate = load(one, context, { setMaps, ring, connections });
    const reason = candidate && differenceOf(one, candidate, await showPrograms());
    if (reason !== undefined) differences.set(one.interface, reason);
  }
  return differences;
}

function load(
  { interface: name, program }: Running,
  context: CompareContext,
  shared: SharedMaps,
): (Candidate & Disposable) | undefined {
  const { digest } = program;
  // No map is carried over: libbpf would write into a reused array of programs.
  const instance = { digest, pinned: false, program, maps: { carried: [], fresh: [] } };
  try {
    const candidate = loadCandidate(name, instance, context, shared);
    return {
      ...candidate,
      [Symbol.dispose]: () => {
        candidate.object[Symbol.dispose]();
      },
    };
  } catch (error) {
    if (error instanceof XdpkeepError) return undefined;
    throw error;
  }
}

/** `programs` know the maps of each, in the order in which its instructions name them. */
function differenceOf(
  { program: wantedProgram, programId: running }: Running,
  candidate: Candidate,
  programs: ProgramShow,
): string | undefined {
  const fresh = { number: candidate.object.programFd() };
  using program = openProgram(running);
  if (!program) return undefined; // ended meanwhile: the next look will tell
  if (programTag(program) !== programTag(fresh)) return 'its instructions are others';
  const [used, wanted] = [running, programId(fresh)].map((id) => mapsOf(id, programs));
  if (used?.length !== wanted?.length) return 'it has other maps';
  const constants = constantsOf(candidate, wantedProgram);
  for (const [at, id] of (wanted ?? []).entries()) {
    using left = openMap(used?.[at] ?? 0);
    using right = openMap(id);
    if (!left || !right) return undefined;
    const { what = 'a map of it', value } = constants.get(id) ?? {};
    if (!isSameShape(left, right)) return `${what} has another shape`;
    if (value && !holds(left, value)) return `${what} has another content`;
  }
  return undefined;
}

function mapsOf(program: number, programs: ProgramShow): number[] {
  return programs.find(({ id }) => id === program)?.map_ids ?? [];
}

function isSameShape(left: Fd, right: Fd): boolean {
  const [a, b] = [mapInfo(left), mapInfo(right)];
  return JSON.stringify({ ...a, id: 0 }) === JSON.stringify({ ...b, id: 0 });
}

/** The kernel rounds what it returns up to 8 bytes. */
function holds(map: Fd, value: Uint8Array): boolean {
  const there = readWhole(map);
  return there.length - value.length < 8 && there.subarray(0, value.length).equals(value);
}

interface Constant {
  /** For people. */
  what: string;
  value: Uint8Array;
}

/** By id, each map of the candidate that nobody writes to. Sets are made from the lists, not from the kernel. */
function constantsOf({ object, sets = [] }: Candidate, { firewall }: DesiredProgram): Map<number, Constant> {
  const tables = firewall && compilePolicy(firewall.policy, firewall.protections);
  const constants = new Map<number, Constant>();
  for (const [slot, { content, digest }] of (tables?.sets ?? []).entries()) {
    const set = sets[slot];
    if (set)
      constants.set(mapInfo(set.map).id, {
        what: `its list ${set.name}`,
        value: layOutSet(content(), digest),
      });
  }
  for (const { name } of object.maps().filter(({ internal }) => internal)) {
    if (name !== TABLES_SECTION && !name.includes('.rodata')) continue;
    const what = name === TABLES_SECTION ? 'its table of rules' : 'its constants';
    using map = openMap(mapInfo({ number: object.mapFd(name) }).id);
    if (map) constants.set(mapInfo(map).id, { what, value: readWhole(map) });
  }
  return constants;
}
