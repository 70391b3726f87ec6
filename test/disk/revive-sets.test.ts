// Sets that JSON kept get their content again, wherever in a match they stand.
import { expect, test } from 'vitest';
import { toAddressSet } from '../../src/disk/address-sets.js';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import { reviveMatches } from '../../src/disk/revive-sets.js';
import type { Match } from '../../src/model/policy.js';

test('large sets and small ones, under `not` too', () => {
  const store = new MemoryObjectStore();
  const large = toAddressSet({ four: hosts(100), six: new Uint32Array() }, ['large'], store);
  const small = toAddressSet({ four: hosts(1), six: new Uint32Array() }, [], store);
  const match: Match = {
    source: small,
    not: { source: large, destination: small, dscp: [{ from: 1, to: 1 }] },
  };
  const read = JSON.parse(JSON.stringify(match)) as Match;
  reviveMatches([read], store);
  expect(read.source?.content()).toEqual(small.content());
  expect(read.not?.source?.content()).toEqual(large.content());
  expect(read.not?.destination?.content()).toEqual(small.content());
  expect(read.not?.dscp).toEqual(match.not?.dscp);
});

/** Every other address. */
function hosts(count: number): Uint32Array {
  return Uint32Array.from({ length: 2 * count }, (_, at) => 0x0a000000 + 2 * Math.floor(at / 2));
}
