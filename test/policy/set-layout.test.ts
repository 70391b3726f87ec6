// A large set in the kernel holds exactly what a naive model of its ranges holds: a million addresses each, most of them at
// the edges of ranges, for lists of every shape.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadFirewall } from '../../src/kernel/firewall.js';
import { readEntry, writeEntry } from '../../src/kernel/map-write.js';
import { testRun } from '../../src/kernel/testrun.js';
import { type AddressRanges, contains } from '../../src/model/ranges.js';
import { mergeRanges } from '../../src/model/range-sort.js';
import { SetMaps } from '../../src/prove/sets.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { bindForTest } from './datapath.js';
import { policy } from './policy.js';

const QUERIES = 1 << 20;
const QUERY_BYTES = 24;
const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-sets-'));
let object: Buffer;

beforeAll(() => {
  const triplet = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
  const out = join(folder, 'queries.bpf.o');
  const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-I/usr/include/${triplet}`, '-Ibpf'];
  execFileSync('clang', [...flags, '-c', 'test/policy/set-queries.bpf.c', '-o', out]);
  object = readFileSync(out);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The same numbers in every run. */
function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.imul(state ^ (state >>> 15), 2654435761) >>> 0;
  };
}

type Words = number[];
type Shape = (next: () => number) => { four?: [number, number]; six?: [Words, Words] };

function network6(address: Words, length: number): [Words, Words] {
  const mask = (at: number): number => {
    const bits = Math.min(32, Math.max(0, length - at * 32));
    return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  };
  return [
    address.map((word, at) => (word & mask(at)) >>> 0),
    address.map((word, at) => (word | ~mask(at)) >>> 0),
  ];
}

function network4(address: number, length: number): [number, number] {
  const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
  return [(address & mask) >>> 0, (address | ~mask) >>> 0];
}

const host4: Shape = (next) => ({ four: network4(next(), 32) });
const mixed4: Shape = (next) => ({ four: network4(next(), 12 + (next() % 21)) });
const crowded4: Shape = (next) => ({ four: network4(0x0a000000 + (next() % 200_000), 32) });
const wide6: Shape = (next) => ({
  six: network6([0x20000000 | (next() >>> 3), next(), next(), next()], 32 + (next() % 33)),
});
const deep6: Shape = (next) => ({
  six: network6([0x20000000 | (next() >>> 3), next(), next(), next()], 20 + (next() % 109)),
});
const crowded6: Shape = (next) => ({
  six: network6([0x20010db8, 0, 0, next() % 500_000], 128),
});
const ends: Shape = (next) => {
  const [first, last] = [[0, 0, 0, 0], Array<number>(4).fill(0xffffffff)];
  return next() & 1
    ? { four: network4(0, 30), six: network6(first, 127) }
    : { four: network4(0xffffffff, 28), six: network6(last, 3) };
};
const both: Shape = (next) => (next() & 1 ? mixed4(next) : deep6(next));

function makeRanges(shape: Shape, count: number, next: () => number): AddressRanges {
  const four: number[] = [];
  const six: number[] = [];
  for (let made = 0; made < count; made++) {
    const found = shape(next);
    if (found.four) four.push(...found.four);
    if (found.six) six.push(...found.six.flat());
  }
  return {
    four: mergeRanges(Uint32Array.from(four), 1).words,
    six: mergeRanges(Uint32Array.from(six), 4).words,
  };
}

/** An edge of a range or one of its neighbours, or any address; big-endian. */
function pickAddress(words: Uint32Array, width: 1 | 4, next: () => number): Buffer {
  const address = Buffer.alloc(width * 4);
  const edges = words.length / width;
  if (edges === 0 || next() % 4 === 0) {
    for (let word = 0; word < width; word++) address.writeUInt32BE(next(), word * 4);
    return address;
  }
  const edge = next() % edges;
  for (let word = 0; word < width; word++) address.writeUInt32BE(words[edge * width + word] ?? 0, word * 4);
  let carry = (next() % 3) - 1;
  for (let at = address.length - 1; at >= 0 && carry !== 0; at--) {
    const sum = (address[at] ?? 0) + carry;
    address[at] = sum & 255;
    carry = sum < 0 ? -1 : sum > 255 ? 1 : 0;
  }
  return address;
}

it.each<[string, Shape, number]>([
  ['the ends of both families', ends, 4],
  ['a few hosts', host4, 5],
  ['hosts', host4, 1000],
  ['many hosts', host4, 300_000],
  ['IPv4 networks', mixed4, 3000],
  ['many IPv4 networks', mixed4, 200_000],
  ['hosts close together', crowded4, 60_000],
  ['IPv6 networks', wide6, 1000],
  ['many IPv6 networks', wide6, 200_000],
  ['IPv6 networks of any length', deep6, 50_000],
  ['IPv6 hosts of one network', crowded6, 100_000],
  ['both families', both, 20_000],
])(
  '%s',
  (name, shape, count) => {
    const next = randomWords(count);
    const ranges = makeRanges(shape, count, next);
    const queries = Buffer.alloc(QUERIES * QUERY_BYTES);
    const addresses = Array.from({ length: QUERIES }, (_, at) => {
      const six = ranges.four.length === 0 || (ranges.six.length > 0 && next() % 2 === 0);
      const address = pickAddress(six ? ranges.six : ranges.four, six ? 4 : 1, next);
      queries.writeBigUInt64LE(
        six ? address.readBigUInt64BE(0) : BigInt(address.readUInt32BE(0)) << 32n,
        at * QUERY_BYTES,
      );
      if (six) queries.writeBigUInt64LE(address.readBigUInt64BE(8), at * QUERY_BYTES + 8);
      queries.writeUInt32LE(six ? 2 : 1, at * QUERY_BYTES + 16);
      return address;
    });
    using maps = new SetMaps();
    const [set] = maps.open([{ direction: 'source', name, digest: name, content: () => ranges }]);
    if (!set) throw new Error('no set');
    const tables = {
      ...compilePolicy(policy([])),
      sets: [{ direction: 'source' as const, name, digest: name, content: () => ranges }],
    };
    using program = loadFirewall(object, bindForTest(tables, [set.bytes]), {
      function: 'ask_all',
      sets: [set.map],
    });
    writeEntry(program.mapFd('queries'), 'queries', 0, queries);
    testRun(program.programFd(), { data: Buffer.alloc(64) });
    const answers = readEntry(program.mapFd('queries'), 'queries', 0, queries.length);
    let held = 0;
    const wrong = addresses.filter((address, at) => {
      const wanted = contains(ranges, address);
      if (wanted) held++;
      return (answers.readUInt32LE(at * QUERY_BYTES + 20) === 1) !== wanted;
    });
    expect(wrong.map((address) => address.toString('hex')).slice(0, 5)).toEqual([]);
    expect(held, 'addresses in the set').toBeGreaterThan(QUERIES / 10);
    expect(held, 'addresses outside').toBeLessThan(QUERIES * 0.95);
  },
  120_000,
);
