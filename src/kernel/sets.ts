// Large sets of addresses as the kernel holds them: an array map with one value, behind a map of maps with one entry. All
// programs that ask for a set share the outer map, so that one update replaces the set for all of them at once.
import { Fd } from './fd.js';
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { writeEntry } from './map-write.js';

const BPF_MAP_TYPE_ARRAY = 2; // uapi/linux/bpf.h
const BPF_MAP_TYPE_ARRAY_OF_MAPS = 12;
const CREATE_OPTS_BYTES = 48; // struct bpf_map_create_opts, libbpf 1.1
const INNER_MAP_FD = 24;

/** A set with the value that src/policy/set-layout.ts made. */
export function createSet(name: string, value: Uint8Array): Fd {
  const set = create(BPF_MAP_TYPE_ARRAY, name, value.length);
  try {
    writeEntry(set.number, name, 0, value);
    return set;
  } catch (error) {
    set[Symbol.dispose]();
    throw error;
  }
}

/** The map through which programs find a set. Every set that takes its place must be of the same size. */
export function createSetHolder(name: string, set: Fd): Fd {
  const holder = create(BPF_MAP_TYPE_ARRAY_OF_MAPS, name, 4, set.number);
  try {
    putSet(holder, name, set);
    return holder;
  } catch (error) {
    holder[Symbol.dispose]();
    throw error;
  }
}

/** Replaces the set for all programs that ask for it: each packet meets the old one or the new one. */
export function putSet(holder: Fd, name: string, set: Fd): void {
  writeEntry(holder.number, name, 0, new Uint8Array(Uint32Array.of(set.number).buffer));
}

function create(type: number, name: string, valueBytes: number, inner = 0): Fd {
  const opts = Buffer.alloc(CREATE_OPTS_BYTES);
  opts.writeBigUInt64LE(BigInt(CREATE_OPTS_BYTES));
  opts.writeUInt32LE(inner, INNER_MAP_FD);
  return new Fd(checked(`create map ${name}`, mapCalls().create(type, name, 4, valueBytes, 1, opts)));
}
