import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeName, encodeName, pinPathsOf } from '../../src/kernel/pin-paths.js';

/** Interface names that stress the encoding: dots, percent signs, and what looks encoded already. */
const names = fc.oneof(
  fc.string({ minLength: 1, unit: fc.constantFrom('.', '%', '2', '5', 'E', 'e', 'm', 'é') }),
  fc.string({ minLength: 1, unit: 'binary' }),
);

test('encoding and decoding are inverse, and no encoded name holds a dot', () => {
  fc.assert(
    fc.property(names, (name) => {
      expect(encodeName(name)).not.toContain('.');
      expect(decodeName(encodeName(name))).toBe(name);
    }),
  );
});

test('what decodes at all is the encoding of what it decodes to', () => {
  fc.assert(
    fc.property(names, (text) => {
      const name = decodeName(text);
      if (name !== undefined) expect(encodeName(name)).toBe(text);
    }),
  );
});

test.each([
  ['eth0.100', 'eth0%2E100'],
  ['50%', '50%25'],
  ['.rodata', '%2Erodata'],
])('%s is encoded as %s', (name, encoded) => {
  expect(encodeName(name)).toBe(encoded);
});

test('no name is encoded to the mode link of another', () => {
  fc.assert(
    fc.property(names, (name) => {
      expect(decodeName(`${encodeName(name)}%mode`)).toBeUndefined();
    }),
  );
});

test('every path lies below the directory of ours', () => {
  const paths = pinPathsOf('/sys/fs/bpf');
  expect(paths.link('eth0.100')).toBe('/sys/fs/bpf/xdpkeep/interfaces/eth0%2E100/link');
  expect(paths.program('eth0', 'abc')).toBe('/sys/fs/bpf/xdpkeep/interfaces/eth0/abc/program');
  expect(paths.map('eth0', 'abc', '.rodata')).toBe('/sys/fs/bpf/xdpkeep/interfaces/eth0/abc/maps/%2Erodata');
  expect(paths.foreign('eth0.100')).toBe('/sys/fs/bpf/xdpkeep/foreign/eth0%2E100');
  expect(paths.foreignMode('eth0')).toBe('/sys/fs/bpf/xdpkeep/foreign/eth0%mode');
});
