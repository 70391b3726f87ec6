// A set in the kernel, asked a million times in one run of a program (test/policy/compile/set-queries.bpf.c), beside a naive model.
// needs: lab
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPolicy } from '../../src/kernel/load-policy.js';
import { readEntry, writeEntry } from '../../src/kernel/map-write.js';
import { testRun } from '../../src/kernel/testrun.js';
import { type AddressRanges, contains } from '../../src/addresses/ranges.js';
import type { FirewallTables } from '../../src/model/tables.js';
import type { OpenSet } from '../../src/prove/sets.js';
import { bindForTest } from '../policy/datapath.js';

export const QUESTIONS = 1 << 20;
const QUERY_BYTES = 24;

/** set-queries.bpf.c, compiled. */
export function compileQueries(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-sets-'));
  try {
    const triplet = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
    const out = join(folder, 'queries.bpf.o');
    const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-I/usr/include/${triplet}`, '-Ibpf'];
    execFileSync('clang', [...flags, '-c', 'test/policy/compile/set-queries.bpf.c', '-o', out]);
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
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

/**
 * Asks for addresses at the edges of `model`: those that the kernel judges otherwise, in hexadecimal, and how many it says are
 * in the set.
 */
export function askSet(
  object: Uint8Array,
  { tables, sets }: { tables: FirewallTables; sets: OpenSet[] },
  model: AddressRanges,
  next: () => number,
): { wrong: string[]; held: number } {
  const queries = Buffer.alloc(QUESTIONS * QUERY_BYTES);
  const addresses = Array.from({ length: QUESTIONS }, (_, at) => {
    const { four, six: wide } = model;
    const six = four.length === 0 || (wide.length > 0 && next() % 2 === 0);
    const address = pickAddress(six ? wide : four, six ? 4 : 1, next);
    const high = six ? address.readBigUInt64BE(0) : BigInt(address.readUInt32BE(0)) << 32n;
    queries.writeBigUInt64LE(high, at * QUERY_BYTES);
    if (six) queries.writeBigUInt64LE(address.readBigUInt64BE(8), at * QUERY_BYTES + 8);
    queries.writeUInt32LE(six ? 2 : 1, at * QUERY_BYTES + 16);
    return address;
  });
  using program = loadPolicy(object, bindForTest(tables, sets), { function: 'ask_all', sets });
  writeEntry(program.mapFd('queries'), 'queries', 0, queries);
  testRun(program.programFd(), { data: Buffer.alloc(64) });
  const answers = readEntry(program.mapFd('queries'), 'queries', 0, queries.length);
  let held = 0;
  const wrong = addresses.filter((address, at) => {
    const said = answers.readUInt32LE(at * QUERY_BYTES + 20) === 1;
    if (said) held++;
    return said !== contains(model, address);
  });
  return { wrong: wrong.slice(0, 5).map((address) => address.toString('hex')), held };
}
