// Whether a policy is loaded for frames in several buffers.
import { expect, it } from 'vitest';
import { takesFrags, withFrags, withoutFrags } from '../../src/diff/bind.js';
import { diff } from '../../src/diff/diff.js';
import type { AttachMode, DesiredMode, DesiredProgram } from '../../src/model/desired.js';
import type { ObservedDevice } from '../../src/model/observed.js';
import { policy } from '../policy/policy.js';
import { desired, instance, nic, observed, ours, owned, wanted } from '../support/states.js';

const PROGRAM: DesiredProgram = {
  label: 'policy p',
  origin: 'policy',
  function: 'firewall',
  object: 'o',
  digest: 'dddd',
  written: 'w',
  firewall: { policy: policy([]), protections: [] },
};

interface Case {
  mode: DesiredMode;
  device?: Partial<ObservedDevice>;
  /** What runs: its mode and digest. */
  runs?: [AttachMode, string];
}

function digestOf({ mode, device, runs }: Case, program = PROGRAM): string | undefined {
  const xdp = runs ? [ours({ mode: runs[0] })] : [];
  const seen = {
    ...nic('ens5', 3, ...xdp),
    ...(device && { device: { largest: 9000, above: [], ...device } }),
  };
  const pinned = runs ? [owned('ens5', { instances: [instance(runs[1], 10)] })] : [];
  const want = desired({ ...wanted('ens5', { mode }), program });
  return diff(want, observed([seen], pinned))[0]?.wanted?.program.digest;
}

it.each<[string, Case, string]>([
  ['packets that fit into one buffer', { mode: 'native', device: { largest: 1500 } }, 'dddd'],
  ['of whose device nothing is known', { mode: 'native' }, 'dddd'],
  ['large ones', { mode: 'native', device: { frags: true } }, 'dddd-frags'],
  ['large ones, in mode auto', { mode: 'auto', device: { frags: true } }, 'dddd-frags'],
  ['large ones, where the kernel does not tell', { mode: 'native', device: {} }, 'dddd-frags'],
  [
    'large ones, with a driver that knows no frames in several buffers',
    { mode: 'auto', device: { frags: false } },
    'dddd',
  ],
  ['large ones, in mode generic', { mode: 'generic', device: { frags: true } }, 'dddd'],
  [
    'large ones, in mode auto that has fallen back',
    { mode: 'auto', device: { frags: true }, runs: ['generic', 'eeee'] },
    'dddd',
  ],
  [
    'large ones, in mode auto that has fallen back with one',
    { mode: 'auto', device: { frags: true }, runs: ['generic', 'eeee-frags'] },
    'dddd-frags',
  ],
  [
    'small ones, where large ones came',
    { mode: 'native', device: { largest: 1500 }, runs: ['native', 'eeee-frags'] },
    'dddd-frags',
  ],
  [
    'small ones, where generic is wanted now',
    { mode: 'generic', device: {}, runs: ['native', 'eeee-frags'] },
    'dddd',
  ],
])('%s', (_name, one, digest) => {
  expect(digestOf(one)).toBe(digest);
});

it('a program of the user is what its section says', () => {
  const { firewall, ...own } = PROGRAM;
  expect(firewall).toBeDefined();
  expect(digestOf({ mode: 'native', device: { frags: true } }, { ...own, origin: 'source' })).toBe('dddd');
});

it('the mark stands before that of blocks, and comes off again', () => {
  const blocks = { ...PROGRAM, digest: 'dddd-7-blocks', blocks: true as const };
  const large = withFrags(blocks);
  expect(large).toMatchObject({ digest: 'dddd-7-frags-blocks', frags: true });
  expect(withFrags(large)).toBe(large);
  expect([takesFrags(large.digest), takesFrags(blocks.digest)]).toEqual([true, false]);
  expect(withoutFrags(large)).toEqual(blocks);
  expect(withoutFrags(blocks)).toBe(blocks);
});
