import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileGlob, matchesInterface } from '../../src/text/glob.js';

test.each<[pattern: string, matching: string[], other: string[]]>([
  ['eth0', ['eth0'], ['eth', 'eth00']],
  ['veth*', ['veth', 'veth0', 'veth-a.1'], ['eth0', 'aveth0']],
  ['e?h0', ['eth0', 'e😀h0'], ['eh0', 'etth0']],
  ['eth[0-2]', ['eth0', 'eth2'], ['eth3', 'eth-', 'eth']],
  ['eth[!0-2]', ['eth3', 'eth!'], ['eth1', 'eth']],
  ['[]a]', [']', 'a'], ['[', '']],
  ['[!]a]', ['b', '!'], [']', 'a']],
  ['[a-]', ['a', '-'], ['b']],
  ['[a-c-e]', ['b', '-', 'e'], ['d']],
  ['[\\^[]', ['\\', '^', '['], ['a', ']']],
  ['[😀-😎]', ['😃'], ['a']],
  ['a.b+(c)$|{}^*', ['a.b+(c)$|{}^'], ['axb+(c)$|{}^']],
  ['*', ['eth0', 'wg-1'], ['lo']],
  ['lo', ['lo'], []],
])('%s', (pattern, matching, other) => {
  expect(matching.filter((name) => !matchesInterface(pattern, name))).toEqual([]);
  expect(other.filter((name) => matchesInterface(pattern, name))).toEqual([]);
});

test.each([
  ['a[bc', '"[" at character 2 is never closed'],
  ['[]', '"[" at character 1 is never closed'],
  ['[!]', '"[" at character 1 is never closed'],
  ['[z-a]*', 'the range "z-a" is inverted'],
  ['x[!9-0]', 'the range "9-0" is inverted'],
])('%s is refused in our own words', (pattern, message) => {
  expect(() => compileGlob(pattern)).toThrow(new SyntaxError(message));
});

test('whatever the characters: a pattern, or a refusal in our own words', () => {
  const char = fc.constantFrom('[', ']', '!', '^', '-', '\\', '*', '?', 'a', 'z', '.', '/', '😀', '\ud83d');
  fc.assert(
    fc.property(fc.array(char, { maxLength: 10 }), (chars) => {
      try {
        compileGlob(chars.join(''));
      } catch (error) {
        expect((error as Error).message).toMatch(/is never closed$|is inverted$/);
      }
    }),
    { numRuns: 2000 },
  );
});
