import { expect, test } from 'vitest';
import type { ElfFunction } from '../../../src/kernel/elf.js';
import { chooseFunction } from '../../../src/desired/programs/xdp-function.js';

const fn = (name: string, section: string): ElfFunction => ({ name, section });
const FW = fn('fw', 'xdp');
const TC = fn('shape', 'tc');
const BEHIND = fn('behind', 'xdp/devmap');

function choose(functions: ElfFunction[], wanted?: string, licence: string | undefined = 'GPL') {
  return chooseFunction({ functions, licence }, wanted);
}

test.each<[functions: ElfFunction[], wanted: string | undefined, chosen: string]>([
  [[FW], undefined, 'fw'],
  [[FW, TC, BEHIND, fn('sub', '.text')], undefined, 'fw'],
  [[FW, fn('frags', 'xdp.frags')], 'frags', 'frags'],
  [[fn('on_demand', '?xdp')], 'on_demand', 'on_demand'],
])('%j with function %s', (functions, wanted, chosen) => {
  expect(choose(functions, wanted)).toBe(chosen);
});

test.each<[name: string, functions: ElfFunction[], wanted: string | undefined, expected: object]>([
  [
    'several and none named',
    [FW, fn('fw2', 'xdp')],
    undefined,
    { summary: 'function needed', field: 'file', detail: 'the object has 2 XDP functions: fw, fw2' },
  ],
  [
    'a typing error',
    [FW],
    'fv',
    { summary: 'unknown function', field: 'function', hint: 'Did you mean `fw`?' },
  ],
  [
    'something else',
    [FW],
    'firewall',
    { summary: 'unknown function', detail: 'the object has no function `firewall`; its XDP functions: fw' },
  ],
  ['tc', [FW, TC], 'shape', { summary: 'wrong program type', field: 'function' }],
  [
    'behind a map',
    [FW, BEHIND],
    'behind',
    {
      summary: 'wrong program type',
      detail:
        '`behind` is in section "xdp/devmap": it runs behind a redirect map and cannot be attached to an interface',
    },
  ],
  [
    'an old section name',
    [fn('fw', 'xdp/fw')],
    'fw',
    { summary: 'wrong program type', hint: 'Put it into SEC("xdp"), or name another function.' },
  ],
  ['a subprogram', [FW, fn('sub', '.text')], 'sub', { summary: 'wrong program type' }],
  [
    'no XDP function',
    [TC],
    undefined,
    {
      summary: 'wrong program type',
      field: 'file',
      detail: 'the object has no XDP function; its functions: shape in "tc"',
    },
  ],
  ['no function', [], undefined, { summary: 'wrong program type', field: 'file' }],
])('refused: %s', (_name, functions, wanted, expected) => {
  expect(choose(functions, wanted)).toMatchObject(expected);
});

test('refused: no licence', () => {
  expect(chooseFunction({ functions: [FW], licence: undefined }, 'fw')).toMatchObject({
    summary: 'no licence',
  });
});
