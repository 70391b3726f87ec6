// Where nobody wants an interface any more, or it has another name: each step as a whole, and what is warned of.
import { describe, expect, it } from 'vitest';
import { diff } from '../../src/diff/diff.js';
import type { DesiredState } from '../../src/model/desired.js';
import type { ObservedState } from '../../src/model/observed.js';
import { plan } from '../../src/plan/plan.js';
import {
  desired,
  NETNS,
  nic,
  NOTHING_BEFORE,
  observed,
  ours,
  owned,
  stranger,
  wanted,
} from '../support/states.js';
import { elsewhere, none, running, steps } from './steps.js';

const HERE = { attachedFrom: new Map([['ens5', NETNS]]) };

describe('an interface that nobody wants any more', () => {
  const detach = { kind: 'detach', action: 'detach', interface: 'ens5', gap: false };

  it('is detached, with all that is known of it', () => {
    expect(steps(desired(), running())).toStrictEqual([
      {
        ...detach,
        reason: 'not wanted any more',
        ifindex: 3,
        linkId: 20,
        mode: 'native',
        fromDigest: 'aaaa',
      },
    ]);
    expect(steps(desired(), running({ instances: [] }))).toStrictEqual([
      { ...detach, reason: 'not wanted any more', ifindex: 3, linkId: 20, mode: 'native' },
    ]);
  });

  it('loses its pins where it is gone, or runs nothing of ours', () => {
    const dead = owned('ens5', { link: { id: 20, programId: 10, ifindex: 0 } });
    expect(steps(desired(), observed([], [dead]))).toStrictEqual([
      { ...detach, reason: 'the interface is gone and not wanted: its pins are removed', linkId: 20 },
    ]);
    const bare = owned('ens5');
    delete bare.link;
    expect(steps(desired(), observed([nic('ens5', 3)], [bare]))).toStrictEqual([
      { ...detach, reason: 'left-over pins are removed', ifindex: 3 },
    ]);
  });

  it('is given back, where the interface is there and nobody else has taken it', () => {
    const foreign = { programId: 90, mode: 'generic' } as const;
    const back = { giveBack: foreign };
    expect(steps(desired(), running({ foreign }))).toMatchObject([
      { ...back, gap: true, reason: 'not wanted any more; program 90 is given back' },
    ]);
    const [busy] = steps(
      desired(),
      observed([nic('ens5', 3, ours(), stranger())], [owned('ens5', { foreign })]),
    );
    expect(busy).toMatchObject({ gap: false, reason: 'not wanted any more' });
    expect(busy).not.toHaveProperty('giveBack');
    const dead = owned('ens5', { foreign, link: { id: 20, programId: 10, ifindex: 0 } });
    expect(steps(desired(), observed([], [dead]))[0]).not.toHaveProperty('giveBack');
  });

  it('is left alone where its link may be of another namespace', () => {
    const have = observed([nic('ens5', 3)], [owned('ens5', elsewhere)]);
    expect(steps(desired(), have)).toStrictEqual([
      {
        ...none,
        interface: 'ens5',
        ifindex: 3,
        reason: 'its pinned link 20 is attached in another network namespace',
        condition: 'Refused',
        hint: 'Give every network namespace its own --bpffs and --data-dir; remove the pin by hand if that namespace does not exist any more.',
      },
    ]);
    expect(steps(desired(), observed([], [owned('ens5', elsewhere)]))[0]).not.toHaveProperty('ifindex');
    expect(steps(desired(), have, { past: HERE })).toMatchObject([{ kind: 'detach', linkId: 20 }]);
    const other = { attachedFrom: new Map([['ens5', NETNS + 1]]) };
    expect(steps(desired(), have, { past: other })).toMatchObject([{ kind: 'none' }]);
  });
});

it('an interface that was renamed keeps its link; its pins follow, before anything else', () => {
  const have = observed([nic('wan0', 3, ours()), nic('ens6', 4)], [owned('ens5')]);
  const want = desired(wanted('ens6'), wanted('wan0'));
  const [rename, ...others] = steps(want, have);
  expect(rename).toStrictEqual({
    kind: 'rename',
    action: 'update',
    interface: 'wan0',
    from: 'ens5',
    ifindex: 3,
    linkId: 20,
    reason: 'the interface was ens5 before; its pins follow',
    gap: false,
  });
  expect(others.map(({ kind, interface: name }) => `${kind} ${name}`)).toEqual(['none wan0', 'attach ens6']);
});

it('a name that is missing is no reason to warn where nothing is detached, and what ran nothing loses nothing', () => {
  const warnings = (want: DesiredState, found: ObservedState) =>
    plan(want, diff(want, found), { observed: found, definitions: new Map(), past: NOTHING_BEFORE }).warnings;
  const dead = owned('ens5', { link: { id: 20, programId: 10, ifindex: 0 } });
  expect(warnings(desired(wanted('ens9')), observed([], [dead]))).toEqual([]);
  expect(warnings(desired(), running())).toEqual([]);
  expect(warnings(desired(wanted('ens8'), wanted('ens9')), running())).toEqual([
    'ens5 is left without a program, while ens8, ens9 does not exist: is a name wrong?',
  ]);
  expect(warnings(desired(wanted('ens*'), wanted('veth*')), running())).toEqual([
    'hosts/edge.yaml:6: the pattern "veth*" matches no interface',
  ]);
});
