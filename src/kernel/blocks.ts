// The maps of blocks of an interface (bpf/blocks.h): an LPM trie struct block_key -> u64, and an array that counts what each block
// has dropped. The trie is changed entry by entry, so that running programs never miss a block that stays.
import type { BlockEntry, BlockHits } from '../model/blocks.js';
import { MOST_BLOCKS } from '../model/blocks.js';
import type { Cidr } from '../addresses/cidr.js';
import { COUNT_BYTES } from './counters.js';
import { Fd } from './fd.js';
import type { Open } from './pinned.js';
import { callFailed, checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { readBatches, writeEntry } from './map-write.js';
import { BLOCKS, HITS } from './pin-paths.js';

const BPF_MAP_TYPE_LPM_TRIE = 11; // uapi/linux/bpf.h
const BPF_F_NO_PREALLOC = 1;
const CREATE_OPTS_BYTES = 48; // struct bpf_map_create_opts, libbpf 1.1
const MAP_FLAGS = 28;
export const KEY_BYTES = 24;
const VALUE_BYTES = 8;
/** Bits of the family, which is part of the prefix. */
export const FAMILY_BITS = 32;
const ENOENT = 2;

/** Creates an empty map of blocks. */
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

/** Nanoseconds. Ends are computed from the wall clock each time; two that differ by less are the same end. */
const SAME = 1_000_000_000n;
/** The low bits of an end are the index of the block's hit counter; they change the end by at most 65 us. */
const NUMBER = BigInt(MOST_BLOCKS - 1);

/**
 * Makes the map hold exactly these entries. An entry that is already there is not touched. `hits` is the map that counts what each
 * block drops, where a new block starts at zero; absent while no program counts.
 */
export function fillBlockMap(map: Open, entries: readonly BlockEntry[], hits?: Open): void {
  const wanted = new Map(entries.map((entry) => [keyText(entry.network), entry]));
  const held = readBlockMap(map);
  // Remove first: the map may be full.
  for (const key of held.keys()) {
    if (!wanted.has(key)) removeEntry(map, Buffer.from(key, 'latin1'));
  }
  const numbers = new Numbers();
  // A build that did not count left arbitrary numbers here. Where two blocks have the same one, the second gets a new one.
  const numbered = new Set([...wanted.keys()].filter((key) => numbers.take(held.get(key))));
  for (const [key, { until }] of wanted) {
    const had = held.get(key);
    const hasNumber = had !== undefined && numbered.has(key);
    if (hasNumber && had - until < SAME && until - had < SAME) continue;
    const number = hasNumber ? had & NUMBER : BigInt(numbers.next());
    if (hits && !hasNumber) writeEntry(hits.number, HITS, Number(number), new Uint8Array(COUNT_BYTES));
    const value = Buffer.alloc(VALUE_BYTES);
    value.writeBigUInt64LE((until & ~NUMBER) | number);
    checked(`write map ${BLOCKS}`, mapCalls().update(map.number, Buffer.from(key, 'latin1'), value, 0n));
  }
}

/** Allocates the indexes of hit counters. */
class Numbers {
  readonly #taken = new Uint8Array(MOST_BLOCKS);
  #next = 0;

  /** Claims the index in an end. False when the end is `undefined` or its index is taken. */
  take(until: bigint | undefined): boolean {
    if (until === undefined) return false;
    const number = Number(until & NUMBER);
    if (this.#taken[number] === 1) return false;
    this.#taken[number] = 1;
    return true;
  }

  next(): number {
    while (this.#taken[this.#next] === 1) this.#next++;
    this.#taken[this.#next] = 1;
    return this.#next;
  }
}

/** Key, one character per byte -> end with the index of the hit counter. */
function readBlockMap(map: Open): Map<string, bigint> {
  const held = new Map<string, bigint>();
  for (const { keys, values, count } of readBatches(map.number, BLOCKS, KEY_BYTES, VALUE_BYTES)) {
    for (let at = 0; at < count; at++) {
      const key = keys.toString('latin1', at * KEY_BYTES, (at + 1) * KEY_BYTES);
      held.set(key, values.readBigUInt64LE(at * VALUE_BYTES));
    }
  }
  return held;
}

/**
 * Looks up what the block of a network has dropped; `undefined` when the network has no block. Where blocks overlap, the longest
 * prefix drops and counts.
 */
export function readHits(map: Open, hits: Open): (network: Cidr) => BlockHits | undefined {
  const held = readBlockMap(map);
  const counted = new Map<number, BlockHits>();
  for (const { keys, values, count } of readBatches(hits.number, HITS, 4, COUNT_BYTES)) {
    for (let at = 0; at < count; at++) {
      const [packets, bytes] = [0, 8].map((part) => values.readBigUInt64LE(at * COUNT_BYTES + part));
      if (packets) counted.set(keys.readUInt32LE(at * 4), { packets: Number(packets), bytes: Number(bytes) });
    }
  }
  return (network) => {
    const until = held.get(keyText(network));
    if (until === undefined) return undefined;
    return counted.get(Number(until & NUMBER)) ?? { packets: 0, bytes: 0 };
  };
}

function removeEntry(map: Open, key: Buffer): void {
  const result = mapCalls().delete(map.number, key);
  if (result < 0 && result !== -ENOENT) throw callFailed(`remove from map ${BLOCKS}`, -result);
}

/** One for all keys: a host has 65,536 of them to ask for. */
const KEY = Buffer.alloc(KEY_BYTES);

/** struct block_key: u32 prefix length and u32 family in host order, the address in network order; one character per byte. */
function keyText({ family, a, b, c, d, length }: Cidr): string {
  KEY.writeUInt32LE(FAMILY_BITS + length, 0);
  KEY.writeUInt32LE(family === 4 ? 1 : 2, 4);
  KEY.writeUInt32BE(a >>> 0, 8);
  KEY.writeUInt32BE(b >>> 0, 12);
  KEY.writeUInt32BE(c >>> 0, 16);
  KEY.writeUInt32BE(d >>> 0, 20);
  return KEY.toString('latin1');
}
