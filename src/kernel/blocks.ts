// The map of blocks of an interface: struct block_key -> u64 (bpf/blocks.h). It is changed entry by entry, so that running
// programs never miss a block that stays.
import type { BlockEntry } from '../model/blocks.js';
import { MOST_BLOCKS } from '../model/blocks.js';
import type { Cidr } from '../addresses/cidr.js';
import { Fd } from './fd.js';
import type { Open } from './pinned.js';
import { callFailed, checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { BLOCKS } from './pin-paths.js';

const BPF_MAP_TYPE_LPM_TRIE = 11; // uapi/linux/bpf.h
const BPF_F_NO_PREALLOC = 1;
const CREATE_OPTS_BYTES = 48; // struct bpf_map_create_opts, libbpf 1.1
const MAP_FLAGS = 28;
export const KEY_BYTES = 24;
const VALUE_BYTES = 8;
/** Bits of the family, which is part of the prefix. */
export const FAMILY_BITS = 32;
const ENOENT = 2;

/** An empty one. */
export function createBlockMap(): Fd {
  const opts = Buffer.alloc(CREATE_OPTS_BYTES);
  opts.writeBigUInt64LE(BigInt(CREATE_OPTS_BYTES));
  opts.writeUInt32LE(BPF_F_NO_PREALLOC, MAP_FLAGS);
  const { create } = mapCalls();
  return new Fd(
    checked(
      `create map ${BLOCKS}`,
      create(BPF_MAP_TYPE_LPM_TRIE, BLOCKS, KEY_BYTES, VALUE_BYTES, MOST_BLOCKS, opts),
    ),
  );
}

/** Less than this, in ns, is no other end: it was computed twice. */
const SAME = 1_000_000_000n;

/** Makes the map hold these and no others. What it has already is not touched. */
export function fillBlockMap(map: Open, entries: readonly BlockEntry[]): void {
  const wanted = new Map(entries.map((entry) => [keyOf(entry.network).toString('latin1'), entry]));
  const held = readBlockMap(map);
  // First those that go: the map may be full.
  for (const key of held.keys()) {
    if (!wanted.has(key)) removeEntry(map, Buffer.from(key, 'latin1'));
  }
  for (const [key, { until }] of wanted) {
    const had = held.get(key);
    if (had !== undefined && had - until < SAME && until - had < SAME) continue;
    const value = Buffer.alloc(VALUE_BYTES);
    value.writeBigUInt64LE(until);
    checked(`write map ${BLOCKS}`, mapCalls().update(map.number, Buffer.from(key, 'latin1'), value, 0n));
  }
}

/** Key, a byte a character -> end. */
function readBlockMap(map: Open): Map<string, bigint> {
  const { nextKey, lookup } = mapCalls();
  const held = new Map<string, bigint>();
  let key: Buffer | null = null;
  for (;;) {
    const next: Buffer = Buffer.alloc(KEY_BYTES);
    const result = nextKey(map.number, key, next);
    if (result === -ENOENT) return held;
    checked(`read map ${BLOCKS}`, result);
    const value = Buffer.alloc(VALUE_BYTES);
    checked(`read map ${BLOCKS}`, lookup(map.number, next, value));
    held.set(next.toString('latin1'), value.readBigUInt64LE());
    key = next;
  }
}

function removeEntry(map: Open, key: Buffer): void {
  const result = mapCalls().delete(map.number, key);
  if (result < 0 && result !== -ENOENT) throw callFailed(`remove from map ${BLOCKS}`, -result);
}

/** u32 length and u32 family in the machine's order, the address in the network's. */
function keyOf({ family, a, b, c, d, length }: Cidr): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  key.writeUInt32LE(FAMILY_BITS + length, 0);
  key.writeUInt32LE(family === 4 ? 1 : 2, 4);
  [a, b, c, d].forEach((word, at) => key.writeUInt32BE(word >>> 0, 8 + at * 4));
  return key;
}
