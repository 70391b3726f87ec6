import { describe, expect, it } from 'vitest';
import { diff, wantedFor } from '../../src/diff/diff.js';
import { AT, policy } from '../policy/policy.js';
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
    expect(wantedFor(state, { name })?.program.digest).toBe(digest);
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

it('a difference has what is there of an interface, and nothing else', () => {
  const have = observed([nic('ens5', 3, ours()), nic('ens6', 4)], [owned('ens5')]);
  const differences = diff(desired(wanted('ens6'), wanted('gone')), have);
  const link = { id: 20, programId: 10, ifindex: 3 };
  expect(differences).toStrictEqual([
    {
      interface: 'ens6',
      wanted: wanted('ens6'),
      observed: nic('ens6', 4),
      linkState: { kind: 'none' },
      foreign: [],
    },
    { interface: 'gone', wanted: wanted('gone'), linkState: { kind: 'none' }, foreign: [] },
    {
      interface: 'ens5',
      observed: nic('ens5', 3, ours()),
      owned: owned('ens5'),
      linkState: { kind: 'attached', link, attachment: ours() },
      foreign: [],
    },
  ]);
});

it('a program is bound to this host, or the target that it lacks is named', () => {
  const one = wanted('ens5');
  const redirect = { name: 'r', match: {}, action: { kind: 'redirect', interface: 'ens9' }, at: AT } as const;
  const program = { ...one.program, firewall: { policy: policy([redirect]), protections: [] } };
  const want = desired({ ...one, program });
  const [bound] = diff(want, observed([nic('ens5', 3), nic('ens9', 9)]));
  expect(bound?.wanted?.program.digest).toBe('aaaa-9');
  expect(bound).not.toHaveProperty('missingTarget');
  const [lacking] = diff(want, observed([nic('ens5', 3)]));
  expect(lacking).toMatchObject({ missingTarget: 'ens9', wanted: { program: { digest: 'aaaa' } } });
});

it('a link that no netlink attachment names is known by its program, and another program is not ours', () => {
  const kind = (change: Parameters<typeof ours>[0]) => {
    const attachment = ours(change);
    if (change?.linkId === 0) delete attachment.linkId;
    return diff(desired(), observed([nic('ens5', 3, attachment)], [owned('ens5')]))[0]?.linkState.kind;
  };
  expect(kind({ linkId: 0 })).toBe('attached'); // as bpftool of older kernels says it
  expect(kind({ programId: 11 })).toBe('elsewhere');
});

it('what is owned is that of the name', () => {
  const have = observed([nic('a', 1), nic('b', 3, ours())], [owned('a', { instances: [] }), owned('b')]);
  expect(diff(desired(wanted('b')), have)[0]?.owned).toEqual(owned('b'));
});

it('names of a pattern are in order', () => {
  const have = observed([nic('c', 1), nic('a', 2), nic('b', 3)]);
  expect(diff(desired(wanted('*')), have).map(({ interface: name }) => name)).toEqual(['a', 'b', 'c']);
});

describe('altnames', () => {
  const altnamed = { ...nic('ens5', 3), altnames: ['enp3s0', 'wan'] };

  it('an altname is a name, and wins over patterns; patterns see the name alone', () => {
    const state = desired(wanted('ens*', { digest: 'glob' }), wanted('wan', { digest: 'alt' }));
    const differences = diff(state, observed([altnamed, nic('ens6', 4)]));
    expect(differences.map(({ interface: name, wanted: entry }) => [name, entry?.program.digest])).toEqual([
      ['ens5', 'alt'],
      ['ens6', 'glob'],
    ]);
    expect(wantedFor(desired(wanted('enp*')), altnamed)).toBeUndefined();
  });

  it('two entries for one interface are told, the name of one that is not there is not taken for another', () => {
    const [twice, other] = diff(desired(wanted('wan'), wanted('ens5'), wanted('lan')), observed([altnamed]));
    expect(twice?.namedTwice?.map(({ pattern }) => pattern)).toEqual(['wan', 'ens5']);
    expect(other).toMatchObject({ interface: 'lan', wanted: { pattern: 'lan' } });
    expect(other).not.toHaveProperty('observed');
  });
});
