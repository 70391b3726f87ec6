// An object becomes a policy's own: every mark in it is replaced, nothing is written where no code is, and what the policy
// cannot reach is code that the kernel can.
// needs: lab
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../src/kernel/elf.js';
import { specialize } from '../../src/kernel/specialize.js';
import { compilePolicy } from '../../src/policy/compile/compile.js';
import { policy, rule } from '../policy/policy.js';
import { Random, randomPolicy } from '../policy/random.js';

const object = readFileSync('dist/bpf/firewall.bpf.o');
const MARKS = [0x786b, 0x786e, 0x7862, 0x7861];
const EXIT = 0x95;
const LOAD_IMMEDIATE_64 = 0x18;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Places of instructions whose immediate begins with a mark. */
function marked(bytes: Uint8Array): number[] {
  const view = viewOf(bytes);
  return words(bytes).filter(
    (at) => [0x25, 0x35, 0xb4].includes(view.getUint8(at)) && MARKS.includes(view.getUint16(at + 6, true)),
  );
}

function words(bytes: Uint8Array): number[] {
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, index) => index * 8);
}

const CALL = 0x85;
const JUMP = 0x05;

/** Where an instruction leads: on, then aside. */
function edges(view: DataView, at: number): number[] {
  const code = view.getUint8(at);
  const isJump = ((code & 7) === 5 || (code & 7) === 6) && code !== CALL;
  if (code === EXIT) return [];
  if (!isJump) return [at + (code === LOAD_IMMEDIATE_64 ? 16 : 8)];
  const target = at + 8 + view.getInt16(at + 2, true) * 8;
  return code === JUMP ? [target] : [at + 8, target];
}

/**
 * The walk of Linux 6.1 before it verifies: what no way from the start of a function leads to, and what goes on, other than by
 * a jump, in something from which it was reached. Newer kernels only mind the former.
 */
function refused(bytes: Uint8Array): { unreachable: number[]; backEdges: number[] } {
  const view = viewOf(bytes);
  const found = { unreachable: [] as number[], backEdges: [] as number[] };
  for (const { from, to } of readElf(bytes).functions) {
    const left = new Map<number, number[]>([[from, edges(view, from)]]);
    const path = [from];
    const open = new Set(path);
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const next = left.get(at)?.shift();
      if (next === undefined) open.delete(path.pop() ?? 0);
      else if (!left.has(next)) {
        expect(next >= from && next < to, 'a way leaves its function').toBe(true);
        left.set(next, edges(view, next));
        path.push(next);
        open.add(next);
      } else if (open.has(next) && ![5, 6].includes(view.getUint8(at) & 7)) found.backEdges.push(at);
      else if (open.has(next) && view.getUint8(at) === CALL) found.backEdges.push(at);
    }
    for (let at = from; at < to; at += 8) {
      if (!left.has(at)) found.unreachable.push(at);
      if (view.getUint8(at) === LOAD_IMMEDIATE_64) at += 8;
    }
  }
  return found;
}

const random = new Random(7);
const POLICIES = [
  policy([]),
  policy([
    rule('ssh', { protocol: [{ from: 6, to: 6 }], destinationPort: [{ from: 22, to: 22 }] }, 'drop', {
      log: { oneIn: 2 },
    }),
  ]),
  ...Array.from({ length: 20 }, () => randomPolicy(random, 1 + random.below(30), Date.now())),
];

describe('specializing', () => {
  it('leaves no mark, the object as it was, and nothing else changed but code and the section of tables', () => {
    const tables = compilePolicy(policy([]));
    const before = Buffer.from(object);
    const bytes = specialize(object, tables);
    expect(object.equals(before)).toBe(true);
    expect(marked(object).length).toBeGreaterThan(100);
    expect(marked(bytes)).toEqual([]);
    const code = readElf(object).sections.filter(({ executable }) => executable);
    const others = words(object)
      .filter((at) => !code.some(({ from, to }) => at >= from && at < to))
      .filter((at) => !object.subarray(at, at + 8).equals(bytes.subarray(at, at + 8)));
    expect(others.length, 'offset and size of one section').toBeLessThanOrEqual(2);
    expect(Buffer.from(bytes.subarray(-tables.blob.length)).equals(tables.blob)).toBe(true);
  });

  it('leaves nothing that a kernel refuses before it verifies, and all calls and references where they were', () => {
    for (const one of POLICIES) {
      const bytes = specialize(object, compilePolicy(one));
      expect(refused(bytes)).toEqual({ unreachable: [], backEdges: [] });
      const view = viewOf(object);
      for (const { from, to } of readElf(object).functions) {
        for (let at = from; at < to; at += 8) {
          const kept = [LOAD_IMMEDIATE_64, CALL].includes(view.getUint8(at));
          if (kept) expect(Buffer.compare(bytes.subarray(at, at + 8), object.subarray(at, at + 8))).toBe(0);
        }
      }
    }
  });

  it('refuses a mark that it does not know, and an object without a place for tables', () => {
    const tables = compilePolicy(policy([]));
    const none = { ...tables, settings: { ...tables.settings, numbers: new Uint32Array() } };
    expect(() => specialize(object, none)).toThrow('no setting for mark');
    const other = readFileSync('dist/bpf/icmp_drop.bpf.o');
    expect(() => specialize(other, tables)).toThrow('the object has no section .data.tables');
  });
});
