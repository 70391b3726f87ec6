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

/** Why a map cannot take over the content of an older one of the same name; `undefined` when it can. */
export function whyNotCarried(wanted: MapDefinition, older: MapShape): string | undefined {
  if (wanted.type === PROG_ARRAY) return 'it holds programs of the older version';
  const changes = (['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const)
    .filter((field) => wanted[field] !== older[field])
    .map((field) => `${WORDS[field]} ${older[field]} -> ${wanted[field]}`);
  return changes.length === 0 ? undefined : `its definition changed: ${changes.join(', ')}`;
}

const WORDS = {
  type: 'type',
  keySize: 'key bytes',
  valueSize: 'value bytes',
  maxEntries: 'entries',
  flags: 'flags',
} as const;
