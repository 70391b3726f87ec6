// Attributes kernel memory: programs to the interface that they are pinned for, maps to their holders. Maps with several
// holders are listed apart, so that nothing is counted twice. Reads only.
import { join } from 'node:path';
import { listEntries } from '../kernel/bpffs.js';
import { showMaps, showPrograms } from '../kernel/bpftool.js';
import type { MapShow, ProgramShow } from '../kernel/bpftool-schema.js';
import { decodeName, pinPathsOf } from '../kernel/pin-paths.js';
import { mapInfo, openPin } from '../kernel/pinned.js';
import { EnvironmentError } from '../model/errors.js';
import type { MemoryReport } from '../model/memory.js';
import type { OwnedInterface } from '../model/observed.js';
import { observe } from '../observe/observe.js';

/** Throws an EnvironmentError when bpftool cannot say what something takes. */
export async function readMemory(bpffs: string): Promise<MemoryReport> {
  const { owned } = await observe({ bpffs });
  const [programs, maps] = await Promise.all([showPrograms(), showMaps()]);
  return attribute(owned, { lists: pinnedLists(bpffs), ofHost: pinnedTables(bpffs) }, { programs, maps });
}

interface Shown {
  programs: ProgramShow;
  maps: MapShow;
}

/** Maps that are pinned for nobody alone: id -> name. */
interface Pinned {
  /** The content of lists. */
  lists: Map<number, string>;
  /** Tables of the host, which are nobody's own even where one interface alone holds them. */
  ofHost: Map<number, string>;
}

function attribute(owned: OwnedInterface[], { lists, ofHost }: Pinned, shown: Shown): MemoryReport {
  const named = new Map([...lists, ...ofHost]);
  const holders = new Map<number, string[]>([...named.keys()].map((id) => [id, []]));
  const interfaces = owned.map((one) => {
    const programs = shown.programs.filter(({ id }) => programsOf(one).has(id));
    const held = mapsOf(one, programs);
    for (const id of held) holders.set(id, [...(holders.get(id) ?? []), one.name]);
    return { name: one.name, programs, held };
  });
  // One that went meanwhile takes nothing any more.
  const present = new Map(shown.maps.map((map) => [map.id, map]));
  const isShared = (id: number): boolean => ofHost.has(id) || holders.get(id)?.length !== 1;
  const bytes = (ids: number[]): number => sum(ids.flatMap((id) => present.get(id) ?? []));
  const shared = [...holders].flatMap(([mapId, names]) => {
    const map = present.get(mapId);
    if (!map || !isShared(mapId)) return [];
    return [{ name: named.get(mapId) ?? map.name ?? '', mapId, bytes: bytes([mapId]), interfaces: names }];
  });
  return {
    interfaces: interfaces.map(({ name, programs, held }) => ({
      name,
      programs: sum(programs),
      maps: bytes([...held].filter((id) => !isShared(id))),
      shared: bytes([...held].filter(isShared)),
    })),
    shared: shared.sort((a, b) => b.bytes - a.bytes),
    // What records what leaves may be one program on several interfaces.
    total: sum([...new Set(interfaces.flatMap(({ programs }) => programs))]) + bytes([...holders.keys()]),
  };
}

/** Every instance that is pinned, what the link runs though it lost its pin, and what records what leaves. */
function programsOf({ instances, link, egress = [] }: OwnedInterface): Set<number> {
  const recorders = egress.map((one) => one.link.programId);
  const ids = [...instances.map(({ programId }) => programId), link?.programId, ...recorders];
  return new Set(ids.filter((id) => id !== undefined));
}

/** Global variables, settings and BTF-less maps have no pin: the programs know them. */
function mapsOf({ instances, counters }: OwnedInterface, programs: ProgramShow): Set<number> {
  const pinned = [...instances.flatMap(({ maps }) => maps), ...(counters ? [counters] : [])];
  return new Set([...pinned.map(({ id }) => id), ...programs.flatMap(({ map_ids = [] }) => map_ids)]);
}

function pinnedLists(bpffs: string): Map<number, string> {
  const { lists } = pinPathsOf(bpffs);
  const found = new Map<number, string>();
  for (const { name } of listEntries(lists)) {
    for (const entry of listEntries(join(lists, name))) {
      using map = entry.kind === 'pin' ? openPin(join(lists, name, entry.name)) : undefined;
      if (map) found.set(mapInfo(map).id, decodeName(name) ?? name);
    }
  }
  return found;
}

function pinnedTables(bpffs: string): Map<number, string> {
  const { connections } = pinPathsOf(bpffs);
  const found = new Map<number, string>();
  for (const entry of listEntries(connections)) {
    using map = entry.kind === 'pin' ? openPin(join(connections, entry.name)) : undefined;
    if (map) found.set(mapInfo(map).id, `${entry.name} connections`);
  }
  return found;
}

function sum(shown: { id: number; bytes_memlock?: number | undefined }[]): number {
  return shown.reduce((bytes, { id, bytes_memlock: more }) => {
    if (more !== undefined) return bytes + more;
    throw new EnvironmentError(`bpftool does not say how much memory program or map ${id} takes`, {
      hint: 'It reads memlock in /proc/self/fdinfo: is /proc mounted?',
    });
  }, 0);
}
