// An object becomes a policy's own: every mark in it is replaced, nothing is written where no code is, and what the policy
// cannot reach is code that the kernel can.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { functionsOf, sectionsOf } from '../../src/kernel/elf.js';
import { specialize } from '../../src/kernel/specialize.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { policy } from '../policy/policy.js';

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

/** Instructions that no way from the start of their function leads to; jumps must stay inside. */
function unreachable(bytes: Uint8Array): number[] {
  const view = viewOf(bytes);
  const lost: number[] = [];
  for (const { from, to } of functionsOf(view, sectionsOf(view))) {
    const seen = new Set<number>();
    const open = [from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      expect(at >= from && at < to, 'a jump leaves its function').toBe(true);
      seen.add(at);
      const code = view.getUint8(at);
      const isJump = (code & 7) === 5 || (code & 7) === 6;
      if (code === LOAD_IMMEDIATE_64) open.push(at + 16);
      else if (code !== EXIT && code !== 0x05) open.push(at + 8);
      if (code === LOAD_IMMEDIATE_64) seen.add(at + 8);
      if (isJump && code !== EXIT && code !== 0x85) open.push(at + 8 + view.getInt16(at + 2, true) * 8);
    }
    for (let at = from; at < to; at += 8) if (!seen.has(at)) lost.push(at);
  }
  return lost;
}

describe('specializing', () => {
  it('leaves no mark, the object as it was, and nothing else changed but code and the section of tables', () => {
    const tables = compilePolicy(policy([]));
    const before = Buffer.from(object);
    const bytes = specialize(object, tables);
    expect(object.equals(before)).toBe(true);
    expect(marked(object).length).toBeGreaterThan(100);
    expect(marked(bytes)).toEqual([]);
    const view = viewOf(object);
    const code = sectionsOf(view).filter(({ executable }) => executable);
    const others = words(object)
      .filter((at) => !code.some(({ from, to }) => at >= from && at < to))
      .filter((at) => !object.subarray(at, at + 8).equals(bytes.subarray(at, at + 8)));
    expect(others.length, 'offset and size of one section').toBeLessThanOrEqual(2);
    expect(Buffer.from(bytes.subarray(-tables.blob.length)).equals(tables.blob)).toBe(true);
  });

  it('leaves no code that cannot be reached, and all calls and references where they were', () => {
    const bytes = specialize(object, compilePolicy(policy([])));
    expect(unreachable(bytes)).toEqual([]);
    const view = viewOf(object);
    for (const { from, to } of functionsOf(view, sectionsOf(view))) {
      for (let at = from; at < to; at += 8) {
        const kept = [LOAD_IMMEDIATE_64, 0x85].includes(view.getUint8(at));
        if (kept) expect(bytes.subarray(at, at + 8)).toEqual(new Uint8Array(object.subarray(at, at + 8)));
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
