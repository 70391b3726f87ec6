// Loads a policy: configures the object before the load (settings, map sizes, maps left out) and fills its maps afterwards. Attaches
// nothing.
import type { Fd } from './fd.js';
import { SHARED_TABLES } from '../model/connections.js';
import type { FirewallTables } from '../model/tables.js';
import type { ConnectionMaps } from './egress.js';
import { checked } from './ffi.js';
import { BLOCKS, HITS, TABLES_SECTION } from './pin-paths.js';
import { mapCalls } from './ffi-maps.js';
import { freezeMap, writeEntry } from './map-write.js';
import { type BpfObject, loadObject } from './object.js';
import { SAMPLES } from './samples.js';
import { specialize } from './specialize.js';

/** Maps of bpf/firewall.bpf.c that are created only when the tables need them. */
const OPTIONAL = ['limits', 'sources', 'answers', 'refusals', 'cpus', ...SHARED_TABLES];
/** Length of the queue of frames that are redirected to a CPU: struct bpf_cpumap_val { u32 qsize; int prog_fd; } */
const CPU_QUEUE = 2048;
const CLOCK_REALTIME = 0;
const CLOCK_TAI = 11;
/** Maps of the slots in bpf/set.h. Objects of older builds have a second map (`delta`) for each, for changes of a set. */
const SET_SLOT = /^(?:set|delta)(\d+)$/;
const FIREWALL_FUNCTION = 'firewall';

export interface LoadOptions {
  /** The maps that count packets of rows (`counters`) and of blocks (`hits`); default new ones. */
  counting?: { counters?: Fd; hits?: Fd };
  /** The map of blocks that the program looks sources up in: this one, or a new one. Absent: the program has no blocks. */
  blocks?: Fd | 'new';
  /** The ring buffer for sampled packets, and the tables of connections for a policy that asks; default new, empty ones. */
  ofHost?: { samples?: Fd; connections?: ConnectionMaps };
  /** The maps of the large sets, in the order of their slots. */
  sets?: { map: Fd }[];
  /** Default `firewall`. */
  function?: string;
}

/**
 * Loads `firewall.bpf.o` with tables that are bound to this host (see bindTables). The caller disposes of the object. Throws a
 * VerifierError, a ProgramError, a KernelError or a PermissionError.
 */
export function loadPolicy(bytes: Uint8Array, tables: FirewallTables, options: LoadOptions = {}): BpfObject {
  const { counting = {}, blocks, ofHost: { samples, connections } = {}, sets = [] } = options;
  const function_ = options.function ?? FIREWALL_FUNCTION;
  const object = loadObject(specialize(bytes, tables), function_, (one) => {
    shape(one, tables, sets.length);
    if (counting.counters) one.reuseMap('counters', counting.counters);
    if (blocks === undefined) for (const name of [BLOCKS, HITS]) leaveMapOut(one.mapHandle(name), name);
    else if (blocks !== 'new') one.reuseMap(BLOCKS, blocks);
    if (counting.hits) one.reuseMap(HITS, counting.hits);
    if (samples) one.reuseMap(SAMPLES, samples);
    for (const table of connections ? SHARED_TABLES : [])
      if (tables.dynamic[table] !== undefined && connections) one.reuseMap(table, connections[table]);
    if (tables.frags) one.takeFrags();
    sets.forEach(({ map }, slot) => {
      one.reuseMap(`set${slot}`, map);
    });
  });
  try {
    freezeMap(object.mapFd(TABLES_SECTION), 'tables');
    const queue = new Uint8Array(Uint32Array.of(CPU_QUEUE, 0).buffer);
    for (const cpu of tables.cpus) writeEntry(object.mapFd('cpus'), 'cpus', cpu, queue);
    return object;
  } catch (error) {
    object[Symbol.dispose]();
    throw error;
  }
}

function shape(object: BpfObject, tables: FirewallTables, sets: number): void {
  const there = new Set(object.maps().map(({ name }) => name)); // objects of older builds have fewer
  for (const name of OPTIONAL.filter((one) => there.has(one))) {
    const entries = tables.dynamic[name];
    const map = object.mapHandle(name);
    if (entries === undefined) leaveMapOut(map, name);
    else checked(`size map ${name}`, mapCalls().setMaxEntries(map, entries));
  }
  for (const { name } of object.maps()) {
    const [, slot] = SET_SLOT.exec(name) ?? [];
    if (slot !== undefined && !(name.startsWith('set') && Number(slot) < sets))
      leaveMapOut(object.mapHandle(name), name);
  }
}

function leaveMapOut(map: unknown, name: string): void {
  checked(`leave out map ${name}`, mapCalls().setAutocreate(map, false));
}

/** Seconds by which CLOCK_TAI is ahead of CLOCK_REALTIME: 0 on hosts where it was never set, else 37 (since 2017). */
export function taiOffset(): number {
  const seconds = (clock: number): number => {
    const time = Buffer.alloc(16);
    checked('clock_gettime', mapCalls().clockGettime(clock, time));
    return Number(time.readBigInt64LE(0)) + Number(time.readBigInt64LE(8)) / 1e9;
  };
  return Math.round(seconds(CLOCK_TAI) - seconds(CLOCK_REALTIME));
}
