// The map of blocks of an interface: struct block_key -> u64, and the map of what each has dropped (bpf/blocks.h). The first is
// changed entry by entry, so that running programs never miss a block that stays.
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
/** Of an end, the bits that are the number of its hits: 65 us. */
const NUMBER = BigInt(MOST_BLOCKS - 1);

/**
 * Makes the map hold these and no others. What it has already is not touched. `hits`: where what each has dropped is counted,
 * which begins at nothing; absent while no program counts.
 */
export function fillBlockMap(map: Open, entries: readonly BlockEntry[], hits?: Open): void {
  const wanted = new Map(entries.map((entry) => [keyText(entry.network), entry]));
  const held = readBlockMap(map);
  // First those that go: the map may be full.
  for (const key of held.keys()) {
    if (!wanted.has(key)) removeEntry(map, Buffer.from(key, 'latin1'));
  }
  const numbers = new Numbers();
  // A build that did not count left any numbers, and some of them twice: then the second one gets another.
  const kept = new Set([...wanted.keys()].filter((key) => numbers.take(held.get(key))));
  for (const [key, { until }] of wanted) {
    const had = held.get(key);
    const isKept = had !== undefined && kept.has(key);
    if (isKept && had - until < SAME && until - had < SAME) continue;
    const number = isKept ? had & NUMBER : BigInt(numbers.next());
    if (hits && !isKept) writeEntry(hits.number, HITS, Number(number), new Uint8Array(COUNT_BYTES));
    const value = Buffer.alloc(VALUE_BYTES);
    value.writeBigUInt64LE((until & ~NUMBER) | number);
    checked(`write map ${BLOCKS}`, mapCalls().update(map.number, Buffer.from(key, 'latin1'), value, 0n));
  }
}

/** Which numbers are in use. */
class Numbers {
  readonly #taken = new Uint8Array(MOST_BLOCKS);
  #next = 0;

  /** False where somebody has that of this end, or there is none. */
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

/** Key, a byte a character -> end. */
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

/** What the block of a network has dropped, of a network that has one; of networks in each other the longest drops. */
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

function keyText(network: Cidr): string {
  return keyOf(network).toString('latin1');
}

/** u32 length and u32 family in the machine's order, the address in the network's. */
function keyOf({ family, a, b, c, d, length }: Cidr): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  key.writeUInt32LE(FAMILY_BITS + length, 0);
  key.writeUInt32LE(family === 4 ? 1 : 2, 4);
  [a, b, c, d].forEach((word, at) => key.writeUInt32BE(word >>> 0, 8 + at * 4));
  return key;
}
