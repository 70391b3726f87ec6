// Large address sets in the kernel: each is a frozen array map with one value, shared by all programs that use the set.
import { RefusedError } from '../model/errors.js';
import { Fd } from './fd.js';
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { freezeMap, readMapped, writeEntry } from './map-write.js';
import { mapInfo } from './pinned.js';

const BPF_MAP_TYPE_ARRAY = 2; // uapi/linux/bpf.h
/** Aligns the value to a page, so that the layout's cache lines are those of the machine. */
const BPF_F_MMAPABLE = 1024;
const CREATE_OPTS_BYTES = 48; // struct bpf_map_create_opts, libbpf 1.1
const MAP_FLAGS = 28;
/** The verifier accepts offsets up to this (BPF_MAX_VAR_OFF of the kernel). */
const MOST_BYTES = 2 ** 29 - 1;
/** The kernel's name of every such map. Names of lists are not used: they may have characters that the kernel refuses. */
export const SET_NAME = 'address_set';

/** The first `bytes` bytes of a pinned set; `undefined` when the map cannot be a set. */
export function readSetHead(map: Fd, bytes: number): Uint8Array | undefined {
  const { type, keySize, valueSize, maxEntries, flags } = mapInfo(map);
  if (type !== BPF_MAP_TYPE_ARRAY || keySize !== 4 || maxEntries !== 1 || valueSize < bytes) return undefined;
  return (flags & BPF_F_MMAPABLE) === 0 ? undefined : readMapped(map.number, SET_NAME, bytes);
}

/**
 * Makes a set of a value from src/policy/compile/set-layout.ts; `name` is for errors. Throws a RefusedError when it is too large, else
 * a KernelError or a PermissionError.
 */
export function createSet(name: string, value: Uint8Array): Fd {
  const call = `create map ${name}`;
  if (value.length > MOST_BYTES) {
    throw new RefusedError(
      `list ${name} needs ${value.length} bytes in the kernel, more than ${MOST_BYTES}`,
      {
        hint: 'Join neighbouring networks into wider ones, or split the list.',
      },
    );
  }
  const opts = Buffer.alloc(CREATE_OPTS_BYTES);
  opts.writeBigUInt64LE(BigInt(CREATE_OPTS_BYTES));
  opts.writeUInt32LE(BPF_F_MMAPABLE, MAP_FLAGS);
  const set = new Fd(
    checked(call, mapCalls().create(BPF_MAP_TYPE_ARRAY, SET_NAME, 4, value.length, 1, opts)),
  );
  try {
    writeEntry(set.number, name, 0, value);
    freezeMap(set.number, name);
    return set;
  } catch (error) {
    set[Symbol.dispose]();
    throw error;
  }
}
