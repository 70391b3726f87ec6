import { describe, expect, it } from 'vitest';
import { diff, wantedFor } from '../../src/diff/diff.js';
import { desired, nic, observed, ours, owned, stranger, wanted } from '../support/states.js';

describe('which entry of the state file an interface gets', () => {
  const state = desired(
    wanted('veth*', { digest: 'star' }),
    wanted('veth[0-3]', { digest: 'set' }),
    wanted('veth7', { digest: 'name' }),
    wanted('*', { digest: 'all' }),
  );
  it.each([
    ['veth7', 'name'],
    ['veth1', 'star'],
    ['ens5', 'all'],
    ['lo', undefined],
  ])('%s gets %s', (name, digest) => {
    expect(wantedFor(state, name)?.program.digest).toBe(digest);
  });
});

describe('how an interface stands', () => {
  it.each([
    ['no pin', nic('ens5', 3), [], 'none'],
    ['our link shows', nic('ens5', 3, ours()), [owned('ens5')], 'attached'],
    ['the link is held by another id', nic('ens5', 3, ours({ linkId: 21 })), [owned('ens5')], 'elsewhere'],
    ['the link lives, the kernel shows nothing here', nic('ens5', 3), [owned('ens5')], 'elsewhere'],
    ['the ifindex is another one', nic('ens5', 4, ours()), [owned('ens5')], 'elsewhere'],
    [
      'the interface of the link is gone',
      nic('ens5', 4),
      [owned('ens5', { link: { id: 20, programId: 10, ifindex: 0 } })],
      'dead',
    ],
  ])('%s', (_, interface_, pins, kind) => {
    const [difference] = diff(desired(wanted('ens5')), observed([interface_], pins));
    expect(difference?.linkState.kind).toBe(kind);
  });

  it('counts every program but ours as foreign', () => {
    const both = nic('ens5', 3, ours(), stranger({ mode: 'offload' }));
    const [difference] = diff(desired(wanted('ens5')), observed([both], [owned('ens5')]));
    expect(difference?.foreign).toEqual([stranger({ mode: 'offload' })]);
  });
});

it('lists what is wanted in file order, then what is owned by name', () => {
  const state = desired(wanted('ens9'), wanted('veth*'));
  const have = observed([nic('veth1', 1), nic('veth0', 2)], [owned('zeta'), owned('alpha')]);
  expect(diff(state, have).map(({ interface: name }) => name)).toEqual([
    'ens9',
    'veth0',
    'veth1',
    'alpha',
    'zeta',
  ]);
});
