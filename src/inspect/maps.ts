// The content of the maps of the instances in use, as bpftool formats it through BTF: the pinned ones, and those that
// only the program holds, which are its global variables.
import { EnvironmentError, UsageError } from '../model/errors.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { dumpMap, showMaps, showPrograms } from '../kernel/bpftool.js';
import type { MapShow, ProgramShow } from '../kernel/bpftool-schema.js';
import type { MapContent, MapEntry } from '../model/maps.js';
import { type OwnedInterface, runningInstance, runsPolicy } from '../model/observed.js';
import { observe } from '../observe/observe.js';

type DumpedEntry = Awaited<ReturnType<typeof dumpMap>>[number];

/** Maps by interface; `name` and `map` narrow it down and must name something. */
export async function readMaps(bpffs: string, name?: string, map?: string): Promise<MapContent[]> {
  requireCapabilities();
  const [{ owned }, programs, maps] = await Promise.all([observe({ bpffs }), showPrograms(), showMaps()]);
  const interfaces = owned.filter((one) => name === undefined || one.name === name);
  if (name !== undefined && interfaces.length === 0) {
    throw new UsageError(`nothing of ours is on interface ${name}`, {
      hint: `We have: ${owned.map((one) => one.name).join(', ') || 'nothing'}.`,
    });
  }
  const all = interfaces.flatMap((one) => inUse(one, programs, maps));
  const wanted = all.filter((one) => (map === undefined ? !one.machine : one.map.name === map));
  if (map !== undefined && wanted.length === 0) {
    throw new UsageError(`there is no map ${map}`, {
      hint: `There are: ${[...new Set(all.map((one) => one.map.name))].join(', ') || 'none'}.`,
    });
  }
  return Promise.all(wanted.map(read));
}

interface Located {
  /** Tables and settings of a policy: bytes that say nothing to people, shown when asked for by name. */
  machine: boolean;
  interface: string;
  digest: string;
  map: Pick<MapContent, 'name' | 'id' | 'maxEntries'>;
}

/** Counters belong to the interface and not to the instance: `xdpkeep counters` shows them by name. */
function inUse(owned: OwnedInterface, programs: ProgramShow, shown: MapShow): Located[] {
  const { name, counters } = owned;
  const instance = runningInstance(owned);
  if (!instance) return [];
  const held = programs.find(({ id }) => id === instance.programId)?.map_ids ?? [];
  const unpinned = held
    .filter((id) => id !== counters?.id && instance.maps.every((pinned) => pinned.id !== id))
    .flatMap((id) => shown.filter((map) => map.id === id))
    .map((map) => ({ name: map.name ?? '', id: map.id, maxEntries: map.max_entries }));
  const machine = runsPolicy(owned);
  return [...instance.maps, ...unpinned].map((map) => ({
    interface: name,
    digest: instance.digest,
    map,
    machine,
  }));
}

async function read({ map, interface: interface_, digest }: Located): Promise<MapContent> {
  const { name, id, maxEntries } = map;
  const content = { interface: interface_, digest, name, id, maxEntries };
  try {
    return { ...content, entries: (await dumpMap(id)).map(entry) };
  } catch (error) {
    // Ring buffers, queues and the like have no keys to walk: bpftool says so, and the other maps are still shown.
    if (!(error instanceof EnvironmentError)) throw error;
    return { ...content, entries: [], unreadable: error.message };
  }
}

function entry({ key, value, values, formatted }: DumpedEntry): MapEntry {
  return {
    key: formatted?.key ?? hex(key),
    value:
      formatted?.values ??
      formatted?.value ??
      values?.map((one) => ({ ...one, value: hex(one.value) })) ??
      hex(value),
  };
}

function hex(bytes: DumpedEntry['value']): unknown {
  return Array.isArray(bytes) ? bytes.map((byte) => byte.slice(2)).join(' ') : bytes;
}
