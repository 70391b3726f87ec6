// What lists of millions of addresses cost the semantic diff.
// needs: time
import { expect, it } from 'vitest';
import { toAddressSet } from '../../../src/disk/address-sets.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import type { AddressSet, Policy } from '../../../src/model/policy.js';
import { NO_WORDS } from '../../../src/addresses/ranges.js';
import { diffPolicies } from '../../../src/policy/analysis/semantic-diff.js';
import { Random, randomPolicy } from '../random.js';

/** Every so many addresses one, from there on. */
function strewn(step: number, from: number, count: number): AddressSet {
  const four = new Uint32Array(2 * count);
  for (let at = 0; at < count; at++) four.fill(from + at * step, 2 * at, 2 * at + 2);
  return toAddressSet({ four, six: NO_WORDS }, [`l${from}`], new MemoryObjectStore());
}

it('gives up where long lists meet many rules, instead of going over them for each', () => {
  const side = (sets: AddressSet[]) => {
    const rules = sets.map((source, at): Policy['rules'][number] => {
      return {
        name: `r${at}`,
        match: { source },
        action: { kind: 'drop' },
        at: { file: 'p', line: 1, column: 1 },
      };
    });
    return { policy: { ...randomPolicy(new Random(1), 1, 0), rules }, protections: [] };
  };
  const long = Array.from({ length: 4 }, (_, at) => strewn(4000, 1000 * at, 1_000_000));
  const short = Array.from({ length: 400 }, (_, at) => strewn(7, 10_000_000 * at, 300));
  expect(diffPolicies(side(long), side(short)).complete).toBe(false);
  expect(diffPolicies(side(long.slice(0, 1)), side([strewn(4000, 0, 999_000)])).complete).toBe(true);
}, 60_000);
