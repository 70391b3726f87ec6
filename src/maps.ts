// The content of the maps of the instances in use, as bpftool formats it through BTF.
import { EnvironmentError, UsageError } from './model/errors.js';
import { requireCapabilities } from './kernel/capabilities.js';
import { dumpMap } from './kernel/bpftool.js';
import type { MapContent, MapEntry } from './model/map-content.js';
import type { ObservedMap, OwnedInterface } from './model/observed.js';
import { observe } from './observe/observe.js';

type DumpedEntry = Awaited<ReturnType<typeof dumpMap>>[number];

/** Maps by interface; `name` and `map` narrow it down and must name something. */
export async function readMaps(bpffs: string, name?: string, map?: string): Promise<MapContent[]> {
  requireCapabilities();
  const { owned } = await observe({ bpffs });
  const interfaces = owned.filter((one) => name === undefined || one.name === name);
  if (name !== undefined && interfaces.length === 0) {
    throw new UsageError(`nothing of ours is on interface ${name}`, {
      hint: `We have: ${owned.map((one) => one.name).join(', ') || 'nothing'}.`,
    });
  }
  const all = interfaces.flatMap(inUse);
  const wanted = all.filter((one) => map === undefined || one.map.name === map);
  if (map !== undefined && wanted.length === 0) {
    throw new UsageError(`there is no map ${map}`, {
      hint: `There are: ${[...new Set(all.map((one) => one.map.name))].join(', ') || 'none'}.`,
    });
  }
  return Promise.all(wanted.map(read));
}

interface Located {
  interface: string;
  digest: string;
  map: ObservedMap;
}

function inUse({ name, link, instances }: OwnedInterface): Located[] {
  const instance = instances.find(
    ({ programId }) => programId !== undefined && programId === link?.programId,
  );
  return (instance?.maps ?? []).map((map) => ({ interface: name, digest: instance?.digest ?? '', map }));
}

async function read({ map, ...place }: Located): Promise<MapContent> {
  const { name, id, maxEntries } = map;
  const content = { ...place, name, id, maxEntries };
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
