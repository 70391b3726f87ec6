// needs: lab
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readElf } from '../../src/kernel/elf.js';
import { ProgramError } from '../../src/model/errors.js';
import { scratch, write } from '../desired/state-dir.js';

const ICMP_DROP = readFileSync('dist/bpf/icmp_drop.bpf.o');

/** A copy with `value` written at `offset`, little-endian. */
function patched(offset: number, size: 1 | 2 | 4 | 8, value: number): Buffer {
  const copy = Buffer.from(ICMP_DROP);
  if (size === 8) copy.writeBigUInt64LE(BigInt(value), offset);
  else copy.writeUIntLE(value, offset, size);
  return copy;
}

/** A copy whose function has so many bytes. */
function withFunctionOf(size: number): Buffer {
  const { functions, sections } = readElf(ICMP_DROP);
  const [{ from, to } = { from: 0, to: 0 }] = functions;
  const symbols = sections.find(({ name }) => name === '.symtab') ?? { from: 0, to: 0 };
  for (let at = symbols.from; at < symbols.to; at += 24) {
    const isFunction = (ICMP_DROP.readUInt8(at + 4) & 15) === 2;
    if (isFunction && Number(ICMP_DROP.readBigUInt64LE(at + 16)) === to - from)
      return patched(at + 16, 8, size);
  }
  throw new Error('no symbol is that function');
}

test('functions with their sections, and the licence', () => {
  expect(readElf(ICMP_DROP)).toMatchObject({
    functions: [{ name: 'icmp_drop', section: 'xdp' }],
    licence: 'Dual MIT/GPL',
  });
});

test('where in the file sections and functions lie', () => {
  const { sections, functions } = readElf(ICMP_DROP);
  const [licence, code] = ['license', 'xdp'].map((name) => sections.find((one) => one.name === name));
  expect(ICMP_DROP.toString('latin1', licence?.from, licence?.to)).toBe('Dual MIT/GPL\0');
  expect(Number(ICMP_DROP.readBigUInt64LE((licence?.header ?? 0) + 24))).toBe(licence?.from);
  expect(functions[0]).toMatchObject({ from: code?.from, to: code?.to });
  expect([licence?.executable, code?.executable]).toEqual([false, true]);
});

test('what the compiler makes of several functions, subprograms and no licence', () => {
  const folder = scratch();
  const source = `#define SEC(n) __attribute__((section(n), used))
    __attribute__((noinline)) int helper(int x) { return x + 1; }
    SEC("xdp") int one(void *c) { return helper(2); }
    SEC("?xdp.frags") int two(void *c) { return 2; }
    SEC("tc") int three(void *c) { return 0; }
    int table[4] SEC(".data") = {1};`;
  write(folder, { 'a.c': source });
  execFileSync('clang', ['-O2', '-target', 'bpf', '-c', 'a.c', '-o', 'a.o'], { cwd: folder });
  const { functions, licence } = readElf(readFileSync(join(folder, 'a.o')));
  expect(licence).toBeUndefined();
  expect(functions.sort((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject([
    { name: 'helper', section: '.text' },
    { name: 'one', section: 'xdp' },
    { name: 'three', section: 'tc' },
    { name: 'two', section: '?xdp.frags' },
  ]);
});

test.each<[name: string, bytes: Uint8Array, message: string]>([
  ['nothing', new Uint8Array(), 'it is not an ELF file'],
  ['text', Buffer.from('int main() {}'), 'it is not an ELF file'],
  ['the magic alone', ICMP_DROP.subarray(0, 4), 'it ends before the ELF header does'],
  ['32 bit', patched(4, 1, 1), 'it is not a 64-bit ELF file'],
  ['big-endian', patched(5, 1, 2), 'it is not little-endian'],
  ['another machine', patched(18, 2, 62), 'it is made for machine 62, not for BPF (247)'],
  ['an executable', patched(16, 2, 2), 'it is not a relocatable object: do not link it'],
  ['odd section headers', patched(58, 2, 40), 'its section headers have an odd size'],
  ['no sections', patched(60, 2, 0), 'it has no section names'],
  [
    'a section table beyond the end',
    patched(40, 8, ICMP_DROP.length),
    'it ends before the section table does',
  ],
  [
    'a section table beyond counting',
    patched(40, 8, Number.MAX_SAFE_INTEGER),
    'it ends before the section table does',
  ],
  ['no section for the names', patched(62, 2, 0xffff), 'it has no section names'],
  [
    'a function that goes on behind its section',
    withFunctionOf(0x1000),
    'its function icmp_drop ends after its section',
  ],
  ['cut in the middle', ICMP_DROP.subarray(0, 800), 'it ends before the section table does'],
])('refused: %s', (_name, bytes, message) => {
  expect(() => readElf(bytes)).toThrow(expect.objectContaining({ name: 'ProgramError', message }));
});

function readOrRefuse(bytes: Uint8Array): void {
  try {
    readElf(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(ProgramError);
  }
}

test('any bytes, and any damage to an object, are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      readOrRefuse(Buffer.concat([ICMP_DROP.subarray(0, 20), bytes]));
    }),
  );
  const byte = fc.record({
    at: fc.nat(ICMP_DROP.length - 1),
    value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
  });
  fc.assert(
    fc.property(
      fc.array(byte, { minLength: 1, maxLength: 16 }),
      fc.nat(ICMP_DROP.length),
      (damage, length) => {
        const copy = Buffer.from(ICMP_DROP);
        for (const { at, value } of damage) copy[at] = value;
        readOrRefuse(copy);
        readOrRefuse(copy.subarray(0, length));
      },
    ),
    { numRuns: 3000 },
  );
});

test('every single byte of the headers may be wrong', () => {
  const table = Number(ICMP_DROP.readBigUInt64LE(40));
  const offsets = [...Array.from({ length: 64 }, (_, at) => at)].concat(
    Array.from({ length: ICMP_DROP.length - table }, (_, at) => table + at),
  );
  for (const offset of offsets)
    for (const value of [0, 1, 0x80, 0xff]) readOrRefuse(patched(offset, 1, value));
});
