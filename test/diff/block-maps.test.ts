// Which interfaces get a map of blocks, and what is seen then.
import { expect, it } from 'vitest';
import { lackBlockMaps, lostBlockMap, withBlockMaps } from '../../src/diff/block-maps.js';
import { policy } from '../policy/policy.js';
import { desired, instance, map, nic, observed, owned, wanted } from '../support/states.js';

const firewall = { policy: policy([]), protections: [] };
const guarded = (name: string) => {
  const one = wanted(name);
  return { ...one, program: { ...one.program, firewall } };
};

it('interfaces that want a policy, are blocked, and have no map', () => {
  const want = desired(guarded('a'), guarded('b'), wanted('c'), guarded('gone'));
  const have = observed(
    [nic('a', 1), nic('b', 2), nic('c', 3), nic('d', 4)],
    [owned('b', { blocks: map('blocks') }), owned('a')],
  );
  expect(lackBlockMaps(want, have, [{}])).toEqual(['a']);
  expect(lackBlockMaps(want, have, [{ interface: 'a' }])).toEqual(['a']);
  expect(lackBlockMaps(want, have, [{ interface: 'b' }, { interface: 'c' }])).toEqual([]);
  expect(lackBlockMaps(want, have, [])).toEqual([]);
});

const lost = [
  { name: 'other', id: 40 },
  { name: 'blocks', id: 41 },
];
const running = (maps = [map('tables')], missing = lost) =>
  owned('a', { counters: map('counters'), instances: [{ ...instance('aaaa', 10, maps), lost: missing }] });

it('a map that lost its pin is the one of the program in use, where that is a policy', () => {
  expect(lostBlockMap(running())).toBe(41);
  expect(lostBlockMap(running([map('tables')], lost.slice(0, 1)))).toBeUndefined();
  expect(lostBlockMap(running([map('mine')]))).toBeUndefined();
  expect(lostBlockMap(owned('a', { counters: map('counters') }))).toBeUndefined();
  expect(lostBlockMap(undefined)).toBeUndefined();
});

it('what has a map now is seen with it, and nothing of it is lost any more', () => {
  const made = map('blocks', { id: 50 });
  const seen = withBlockMaps(
    observed([], [owned('b'), running()]),
    new Map([
      ['a', made],
      ['0', made],
    ]),
  );
  expect(seen.owned.map(({ name, blocks }) => [name, blocks?.id])).toEqual([
    ['0', 50],
    ['a', 50],
    ['b', undefined],
  ]);
  expect(seen.owned[0]).toEqual({ name: '0', instances: [], blocks: made });
  expect(seen.owned[1]?.instances[0]?.lost).toEqual([{ name: 'other', id: 40 }]);
  const all = withBlockMaps(observed([], [running([map('tables')], lost.slice(1))]), new Map([['a', made]]));
  expect(all.owned[0]?.instances[0]).not.toHaveProperty('lost');
});
