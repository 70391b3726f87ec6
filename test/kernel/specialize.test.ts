// An object becomes a policy's own: every mark in it is replaced, and nothing is written where there is no mark.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { specialize } from '../../src/kernel/specialize.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { policy } from '../policy/policy.js';

const object = readFileSync('dist/bpf/firewall.bpf.o');
const MARKS = [0x786b, 0x786e, 0x7862];

/** Places of instructions whose immediate begins with a mark. */
function marked(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, index) => index * 8).filter(
    (at) => [0x25, 0x35, 0xb4].includes(view.getUint8(at)) && MARKS.includes(view.getUint16(at + 6, true)),
  );
}

describe('specializing', () => {
  it('leaves no mark, the object as it was, and nothing else changed but the section of tables', () => {
    const tables = compilePolicy(policy([]));
    const before = Buffer.from(object);
    const bytes = specialize(object, tables);
    expect(object.equals(before)).toBe(true);
    expect(marked(object).length).toBeGreaterThan(100);
    expect(marked(bytes)).toEqual([]);
    const changed = new Set(marked(object));
    const others = Array.from({ length: Math.floor(object.length / 8) }, (_, index) => index * 8).filter(
      (at) => !changed.has(at) && !object.subarray(at, at + 8).equals(bytes.subarray(at, at + 8)),
    );
    expect(others.length, 'offset and size of one section').toBeLessThanOrEqual(2);
    expect(Buffer.from(bytes.subarray(-tables.blob.length)).equals(tables.blob)).toBe(true);
  });

  it('refuses a mark that it does not know, and an object without a place for tables', () => {
    const tables = compilePolicy(policy([]));
    const none = { ...tables, settings: { ...tables.settings, numbers: new Uint32Array() } };
    expect(() => specialize(object, none)).toThrow('no setting for mark');
    const other = readFileSync('dist/bpf/icmp_drop.bpf.o');
    expect(() => specialize(other, tables)).toThrow('the object has no section .data.tables');
  });
});
