// Interfaces that have another name now: whose pins go where, and in which order.
import { expect, it } from 'vitest';
import { findRenames, withRename } from '../../src/diff/renames.js';
import { desired, nic, observed, ours, owned, wanted } from '../support/states.js';

const link = (at: number) => ({ id: 20 + at, programId: 10 + at, ifindex: at });
const runs = (name: string, at: number) => nic(name, at, ours({ linkId: 20 + at, programId: 10 + at }));
const pinned = (name: string, at: number) => owned(name, { link: link(at), instances: [] });

it('a link is followed to the name that its interface has now', () => {
  const have = observed([nic('x', 9), runs('b', 1)], [pinned('a', 1), { name: 'bare', instances: [] }]);
  expect(findRenames(desired(wanted('b')), have)).toEqual([{ from: 'a', to: 'b', ifindex: 1, linkId: 21 }]);
  expect(findRenames(desired(wanted('a')), have), 'nobody wants that name').toEqual([]);
  expect(findRenames(desired(wanted('b')), observed([runs('b', 1)], [pinned('b', 1)]))).toEqual([]);
});

it('three that changed names in a ring are two exchanges, after which each is at home', () => {
  const have = observed(
    [runs('a', 1), runs('b', 2), runs('c', 3), runs('d', 4)],
    [pinned('b', 1), pinned('c', 2), pinned('a', 3), pinned('d', 4)],
  );
  const renames = findRenames(desired(wanted('*')), have);
  expect(renames).toHaveLength(2);
  const after = renames.reduce(withRename, have);
  expect([...after.owned].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    pinned('a', 1),
    pinned('b', 2),
    pinned('c', 3),
    pinned('d', 4),
  ]);
  expect(after.interfaces).toEqual(have.interfaces);
});
