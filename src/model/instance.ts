// An instance is one loaded program with its maps. What makes a map's content worth keeping is decided here.

/** What two maps must share to hold each other's content. */
export interface MapShape {
  /** enum bpf_map_type, uapi/linux/bpf.h. */
  type: number;
  /** Bytes. */
  keySize: number;
  /** Bytes. */
  valueSize: number;
  maxEntries: number;
  /** Kernel flags: BPF_F_*. */
  flags: number;
}

/** A map as the object file defines it. */
export interface MapDefinition extends MapShape {
  name: string;
  /** `.rodata`, `.data`, `.bss`: made by the compiler, never pinned and never carried over. */
  internal: boolean;
  /** False when the loader was told to leave it out. */
  made: boolean;
}

/** enum bpf_map_type: entries are programs of the old version, filled anew by the loader. */
const PROG_ARRAY = 3;
/** ARRAY_OF_MAPS, HASH_OF_MAPS. */
const MAPS_OF_MAPS = new Set([12, 13]);

/** Why a map cannot take over the content of an older one of the same name; `undefined` when it can. */
export function whyNotCarried(wanted: MapDefinition, older: MapShape): string | undefined {
  if (wanted.type === PROG_ARRAY) return 'it holds programs of the older version';
  if (MAPS_OF_MAPS.has(wanted.type))
    return 'it holds maps, and the kernel does not tell their older definition';
  const changes = (['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const)
    .filter((field) => !same(field, wanted, older))
    .map((field) => `${WORDS[field]} ${older[field]} -> ${wanted[field]}`);
  return changes.length === 0 ? undefined : `its definition changed: ${changes.join(', ')}`;
}

/** The kernel and libbpf change a few definitions while they make the map. */
function same(field: keyof MapShape, wanted: MapShape, older: MapShape): boolean {
  if (field === 'flags' && DEVICE_MAPS.has(wanted.type)) {
    return (wanted.flags | BPF_F_RDONLY_PROG) === (older.flags | BPF_F_RDONLY_PROG);
  }
  const onePerProcessor =
    field === 'maxEntries' && wanted.type === PERF_EVENT_ARRAY && wanted.maxEntries === 0;
  return onePerProcessor || wanted[field] === older[field];
}

const PERF_EVENT_ARRAY = 4;
/** DEVMAP, DEVMAP_HASH: the kernel adds the flag, so that programs cannot write into what a lookup returns. */
const DEVICE_MAPS = new Set([14, 25]);
const BPF_F_RDONLY_PROG = 128;

const WORDS = {
  type: 'type',
  keySize: 'key bytes',
  valueSize: 'value bytes',
  maxEntries: 'entries',
  flags: 'flags',
} as const;
