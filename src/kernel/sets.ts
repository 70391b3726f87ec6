// Large sets of addresses as the kernel holds them: an array map with one value, frozen, shared by all programs that ask.
import { Fd } from './fd.js';
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { freezeMap, writeEntry } from './map-write.js';

const BPF_MAP_TYPE_ARRAY = 2; // uapi/linux/bpf.h
/** What the kernel calls it, and libbpf every slot that it is put in: names of lists may have what the kernel refuses. */
export const SET_NAME = 'address_set';

/** A set with the value that src/policy/set-layout.ts made; `name` is for errors. */
export function createSet(name: string, value: Uint8Array): Fd {
  const call = `create map ${name}`;
  const set = new Fd(
    checked(call, mapCalls().create(BPF_MAP_TYPE_ARRAY, SET_NAME, 4, value.length, 1, null)),
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
