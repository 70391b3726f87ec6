// Two whole states, as lists of what differs.
import { describe, expect, it } from 'vitest';
import { diffStates } from '../../src/diff/state-diff.js';
import { summarizeChange } from '../../src/diff/change-summary.js';
import type { DesiredInterface, DesiredState } from '../../src/model/desired.js';
import type { Policy } from '../../src/model/policy.js';
import { AT, policy, rule } from '../policy/policy.js';
import { desired, wanted } from '../support/states.js';

const one = (interfaces: DesiredInterface[], host = 'edge'): DesiredState => ({
  ...desired(...interfaces),
  host,
});
const whole = (hosts: DesiredState[], policies: Policy[] = []) => ({ hosts, policies });
const written = (name: string, text: string, change: Partial<DesiredInterface> = {}) => {
  const made = wanted(name, change);
  return { ...made, program: { ...made.program, written: text } };
};
const ofPolicy = (name: string, text: string) => {
  const made = written(name, text);
  return { ...made, program: { ...made.program, origin: 'policy' as const, label: 'policy p' } };
};
const hosts = (before: DesiredState[], after: DesiredState[]) =>
  diffStates(whole(before), whole(after), false).hosts;
const policies = (before: Policy[], after: Policy[], semantic = false) =>
  diffStates(whole([], before), whole([], after), semantic).policies;

const WORDS = 'program icmp-drop (icmp_drop), mode native';

describe('hosts', () => {
  it('are named when they come or go, by name', () => {
    const [b, a] = [one([written('x', '1')], 'b'), one([], 'a')];
    expect(hosts([b], [a])).toEqual([
      { host: 'a', change: 'added', interfaces: [] },
      { host: 'b', change: 'removed', interfaces: [{ pattern: 'x', change: 'removed', from: WORDS }] },
    ]);
  });

  it('that want the same are left out', () => {
    expect(hosts([one([written('x', '1')])], [one([written('x', '1')])])).toEqual([]);
  });

  it('say of each interface what it ran and will run', () => {
    const before = one([written('gone', '1'), written('x', '1'), written('y', '1'), written('same', '1')]);
    const after = one([
      written('new', '1', { foreign: 'replace', drift: 'warn' }),
      written('x', '1', { mode: 'auto' }),
      written('y', '2'),
      written('same', '1'),
    ]);
    const all = hosts([before], [after]);
    expect(all).toEqual([
      {
        host: 'edge',
        change: 'changed',
        interfaces: [
          { pattern: 'gone', change: 'removed', from: WORDS },
          { pattern: 'new', change: 'added', to: `${WORDS}, foreign replace, drift warn` },
          { pattern: 'x', change: 'changed', from: WORDS, to: 'program icmp-drop (icmp_drop), mode auto' },
          { pattern: 'y', change: 'changed', from: WORDS, to: WORDS },
        ],
      },
    ]);
    expect(summarizeChange({ hosts: all, policies: [] })).toEqual([
      'gone: nothing any more',
      `new: ${WORDS}, foreign replace, drift warn`,
      `x: ${WORDS} -> program icmp-drop (icmp_drop), mode auto`,
      `y: ${WORDS} changed`,
    ]);
  });

  it('whose policy changed are not summed up: the policy is', () => {
    const all = hosts([one([ofPolicy('x', '1')])], [one([ofPolicy('x', '2')])]);
    expect(all[0]?.interfaces).toMatchObject([
      { from: 'policy p, mode native', to: 'policy p, mode native' },
    ]);
    expect(summarizeChange({ hosts: all, policies: [] })).toEqual([]);
  });
});

describe('policies', () => {
  const [ssh, web] = [rule('ssh', {}, 'pass'), rule('web', { protocol: [{ from: 6, to: 6 }] }, 'drop')];

  it('come and go without details, and the same one is left out', () => {
    expect(policies([policy([], { name: 'a' })], [policy([], { name: 'b' })])).toEqual([
      { policy: 'a', change: 'removed', details: [] },
      { policy: 'b', change: 'added', details: [] },
    ]);
    expect(policies([policy([ssh])], [policy([ssh])])).toEqual([]);
  });

  it('say each setting and rule that differs, and nothing of places', () => {
    const moved = { ...ssh, at: { ...AT, line: 9 } };
    const changed = { ...web, action: { kind: 'pass' as const } };
    expect(policies([policy([ssh, web])], [policy([moved, web])])).toEqual([]);
    const found = policies(
      [policy([ssh, web, rule('old', {}, 'drop')])],
      [policy([moved, changed, rule('late', {}, 'drop')], { default: 'drop', mode: 'audit', nonIp: 'drop' })],
    );
    const details = [
      'default: pass -> drop',
      'nonIp: pass -> drop',
      'mode: enforce -> audit',
      'rule late added',
      'rule old removed',
      'rule web changed',
    ];
    expect(found).toEqual([{ policy: 'p', change: 'changed', details }]);
    expect(summarizeChange({ hosts: [], policies: found })).toEqual([`policy p: ${details.join(', ')}`]);
  });

  it('say that rules have another order, where that is so among those that stay', () => {
    const old = rule('old', {}, 'drop');
    expect(policies([policy([ssh, web])], [policy([web, ssh])])[0]?.details).toEqual([
      'rules in another order',
    ]);
    expect(policies([policy([old, ssh, web])], [policy([ssh, web])])[0]?.details).toEqual([
      'rule old removed',
    ]);
  });

  it('say that packet tests changed', () => {
    const tests = [{ name: 't', packet: {}, expect: 'pass' as const, at: AT }];
    expect(policies([policy([])], [policy([], { tests })])[0]?.details).toEqual(['packet tests changed']);
  });

  it('say which packets are about it only where that is asked for', () => {
    const [before, after] = [[policy([ssh])], [policy([{ ...ssh, action: { kind: 'drop' as const } }])]];
    expect(policies(before, after)[0]).not.toHaveProperty('fates');
    expect(policies(before, after, true)[0]).toHaveProperty('fates');
  });

  it('that only come or go are nothing to sum up', () => {
    expect(summarizeChange({ hosts: [], policies: policies([], [policy([])]) })).toEqual([]);
  });
});

describe('which packets are about an interface', () => {
  const ssh = rule('ssh', {}, 'pass');
  const protection = { match: { protocol: [{ from: 6, to: 6 }] }, at: AT };
  const runs = (text: string, name: string, protections = [protection]) => {
    const made = ofPolicy('x', text);
    const firewall = { policy: policy([ssh], { name }), protections };
    return one([{ ...made, program: { ...made.program, firewall } }]);
  };
  const found = (before: DesiredState, after: DesiredState, semantic = true) =>
    diffStates(whole([before]), whole([after]), semantic).hosts[0]?.interfaces[0];

  it.each([
    ['behind what is protected, before', runs('1', 'p'), runs('2', 'p', []), true],
    ['behind what is protected, after', runs('1', 'p', []), runs('2', 'p'), true],
    ['of another policy', runs('1', 'p', []), runs('2', 'q', []), true],
    [
      'but not of the same policy alone, of which it is said once',
      runs('1', 'p', []),
      runs('2', 'p', []),
      false,
    ],
    ['but not where it ran no policy before', one([ofPolicy('x', '1')]), runs('2', 'p'), false],
    ['but not where it runs none any more', runs('1', 'p'), one([ofPolicy('x', '2')]), false],
  ])('is said %s', (_where, before, after, said) => {
    const difference = found(before, after);
    expect(difference).toMatchObject({ pattern: 'x', change: 'changed' });
    if (said) expect(difference).toHaveProperty('fates');
    else expect(Object.keys(difference ?? {})).toEqual(['pattern', 'change', 'from', 'to']);
    expect(found(before, after, false)).not.toHaveProperty('fates');
  });

  it('is not said of one that comes or goes', () => {
    const came = diffStates(whole([one([])]), whole([runs('1', 'p')]), true).hosts[0]?.interfaces[0];
    expect(Object.keys(came ?? {})).toEqual(['pattern', 'change', 'to']);
    const went = diffStates(whole([runs('1', 'p')]), whole([one([])]), true).hosts[0]?.interfaces[0];
    expect(Object.keys(went ?? {})).toEqual(['pattern', 'change', 'from']);
  });
});
