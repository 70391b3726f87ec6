// Where nothing is done, and where an interface is attached: each step as a whole, and nothing else in it.
import { describe, expect, it } from 'vitest';
import { AT, policy } from '../policy/policy.js';
import { desired, instance, nic, observed, ours, owned, stranger, wanted } from '../support/states.js';
import { elsewhere, none, running, steps } from './steps.js';

const program = wanted('ens5').program;

describe('nothing is done', () => {
  it('where what is pinned cannot be read, and that is said as it is', () => {
    const trouble = { reason: 'a pin of another kind', hint: 'remove it' };
    const about = { ...none, interface: 'ens5', reason: trouble.reason, condition: 'Failed' };
    const want = desired(wanted('ens5'));
    expect(steps(want, running({ trouble }))).toStrictEqual([{ ...about, ifindex: 3, hint: trouble.hint }]);
    const bare = { reason: trouble.reason, hint: undefined };
    expect(steps(want, observed([], [owned('ens5', { trouble: bare })]))).toStrictEqual([about]);
  });

  it('where the interface is not there: how to name one that comes and goes', () => {
    expect(steps(desired(wanted('ens5')), observed([]))).toStrictEqual([
      {
        ...none,
        interface: 'ens5',
        reason: 'the interface does not exist',
        condition: 'Missing',
        hint: 'hosts/edge.yaml:6 names it; it is attached as soon as it appears. If it is not always there, name it by a pattern, like "[e]ns5".',
      },
    ]);
  });

  it('where the target of a redirect is not there', () => {
    const one = wanted('ens5');
    const redirect = {
      name: 'r',
      match: {},
      action: { kind: 'redirect', interface: 'ens9' },
      at: AT,
    } as const;
    const firewall = { policy: policy([redirect]), protections: [] };
    const want = desired({ ...one, program: { ...one.program, firewall } });
    expect(steps(want, observed([nic('ens5', 3)]))).toStrictEqual([
      {
        ...none,
        interface: 'ens5',
        ifindex: 3,
        reason: 'the redirect target ens9 does not exist',
        condition: 'Missing',
        hint: 'Make that interface, or correct the rules of icmp-drop. What runs keeps running.',
      },
    ]);
  });

  it('where all is as wanted', () => {
    const about = { ...none, interface: 'ens5', ifindex: 3, reason: 'in sync', condition: 'Ready' };
    expect(steps(desired(wanted('ens5')), running())).toStrictEqual([about]);
    const generic = observed([nic('ens5', 3, ours({ mode: 'generic' }))], [owned('ens5')]);
    expect(steps(desired(wanted('ens5', { mode: 'generic' })), generic)).toStrictEqual([about]);
  });

  it('where an instance is left over that a change on trial may need', () => {
    const two = { instances: [instance('aaaa', 10), instance('bbbb', 11)] };
    const want = desired(wanted('ens5'));
    const cleaned = steps(want, running(two));
    expect(cleaned).toStrictEqual([
      {
        kind: 'clean',
        action: 'update',
        interface: 'ens5',
        reason: 'pins of a former instance are removed',
        gap: false,
        keepDigest: 'aaaa',
      },
    ]);
    expect(steps(want, running(two), { past: { keepsFormer: false } })).toStrictEqual(cleaned);
    expect(steps(want, running(two), { past: { keepsFormer: true } })).toMatchObject([{ kind: 'none' }]);
  });

  it('about what a change on trial has detached', () => {
    const dead = owned('ens5', { instances: [] });
    delete dead.link;
    const kept = {
      ...none,
      interface: 'ens5',
      reason: 'detached; its program is kept until the change is confirmed',
      condition: 'Ready',
    };
    expect(steps(desired(), observed([], [dead]), { past: { keepsFormer: true } })).toStrictEqual([kept]);
    expect(
      steps(desired(), observed([nic('ens5', 3)], [dead]), { past: { keepsFormer: true } }),
    ).toStrictEqual([{ ...kept, ifindex: 3 }]);
    expect(steps(desired(), observed([nic('ens5', 3)], [dead]))).toMatchObject([{ kind: 'detach' }]);
    expect(steps(desired(), running(), { past: { keepsFormer: true } })).toMatchObject([{ kind: 'detach' }]);
  });
});

describe('an interface is attached', () => {
  it('with nothing to make room for', () => {
    const empty = observed([nic('ens5', 3)], [owned('ens5', { instances: [] })]);
    delete empty.owned[0]?.link;
    const maps = { carried: [], fresh: [] };
    expect(steps(desired(wanted('ens5')), empty)).toStrictEqual([
      {
        kind: 'attach',
        action: 'attach',
        interface: 'ens5',
        ifindex: 3,
        reason: 'not attached',
        gap: false,
        modes: ['native'],
        instance: { digest: 'aaaa', pinned: false, program, maps },
        dropLink: false,
      },
    ]);
  });

  it.each([
    ['by name', stranger(), 'program 90 (cilium_xdp)', {}],
    ['without a name', stranger({ programName: '' }), 'program 90 (unnamed)', {}],
    ['by a link', stranger({ linkId: 7 }), 'program 90 (cilium_xdp, held by link 7)', { linkId: 7 }],
  ])('in the place of a foreign program that is known %s', (_how, foreign, words, held) => {
    const have = observed([nic('ens5', 3, foreign)]);
    const [refused] = steps(desired(wanted('ens5')), have);
    expect(refused).toStrictEqual({
      ...none,
      interface: 'ens5',
      ifindex: 3,
      reason: `the foreign ${words} is attached (native)`,
      condition: 'Refused',
      hint: 'Detach it, or set `foreign: replace` to take the interface over and keep that program for rollback.',
    });
    const [taken] = steps(desired(wanted('ens5', { foreign: 'replace' })), have);
    expect(taken).toMatchObject({
      reason: `taken over from the foreign ${words}; gap between the two`,
      gap: true,
    });
    expect(taken).toHaveProperty('takeOver', {
      programId: 90,
      programName: foreign.programName,
      mode: 'native',
      ...held,
    });
  });

  it('where its link went with the interface to another name of this namespace, and not where it went away', () => {
    const moved = (linkId: number) =>
      observed([nic('ens5', 3), nic('wan0', 9, ours({ linkId, programId: 11 }))], [owned('ens5', elsewhere)]);
    expect(steps(desired(wanted('ens5')), moved(20))).toMatchObject([{ kind: 'attach', dropLink: true }]);
    const [refused] = steps(desired(wanted('ens5')), moved(21));
    expect(refused).toStrictEqual({
      ...none,
      interface: 'ens5',
      ifindex: 3,
      reason: 'its pinned link 20 is attached in another network namespace',
      condition: 'Refused',
      hint: 'Give every network namespace its own --bpffs and --data-dir.',
    });
  });
});
