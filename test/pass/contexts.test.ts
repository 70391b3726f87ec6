// What a pass reads for planning: which drivers are asked, what records say of drift, which policies cannot see tags, and which
// packets get another verdict. Machine and differences are made up.
import { beforeEach, expect, it, test, vi } from 'vitest';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { fallbacks } from '../../src/journal/intents.js';
import { bootId, uptime } from '../../src/kernel/boot.js';
import type { DesiredInterface, HostPolicy } from '../../src/model/desired.js';
import type { Difference } from '../../src/model/difference.js';
import { RefusedError } from '../../src/model/errors.js';
import type { ObservedInterface, OwnedInterface } from '../../src/model/observed.js';
import type { Match } from '../../src/model/policy.js';
import type { JournalRecord } from '../../src/model/record.js';
import type { Step } from '../../src/model/step.js';
import { attachingContext } from '../../src/pass/attaching-context.js';
import { driftContext } from '../../src/pass/drift-context.js';
import { warnOfHiddenTags } from '../../src/pass/hidden-tags.js';
import type { Machine } from '../../src/pass/machine.js';
import { packetEffectsOf } from '../../src/pass/packet-effects.js';
import { attachStep, locked, reattachStep, swapStep, temporaryFolder } from '../journal/support.js';
import { policy, rule } from '../policy/policy.js';
import { addressSet } from '../support/addresses.js';
import { desired, instance, nic, observed, ours, owned, wanted } from '../support/states.js';

let dataDir: string;
const machine = {
  programTakesFrags: vi.fn<Machine['programTakesFrags']>(),
  askNativeOutlook: vi.fn<Machine['askNativeOutlook']>(),
};
beforeEach(() => {
  dataDir = temporaryFolder();
  machine.programTakesFrags.mockReset().mockReturnValue(false);
  machine.askNativeOutlook.mockReset().mockReturnValue('refused');
});

const blocking = (match: Match = {}): HostPolicy => ({
  policy: policy([rule('r', match, 'drop')]),
  protections: [],
});
const running = (firewall: HostPolicy, change: Parameters<typeof wanted>[1] = {}): DesiredInterface => {
  const one = wanted('a', change);
  return { ...one, program: { ...one.program, origin: 'policy', firewall } };
};

const generic = { kind: 'attached', attachment: ours({ mode: 'generic' }) } as Difference['linkState'];
const difference = (change: Partial<Difference> = {}): Difference => ({
  ...{ interface: 'a', wanted: wanted('a', { mode: 'auto' }), observed: nic('a', 3), foreign: [] },
  linkState: generic,
  ...change,
});
const device = (largest: number): ObservedInterface => ({ ...nic('a', 3), device: { largest, above: [] } });
const attaching = (differences: Difference[], records: JournalRecord[] = [], goNative = false) => {
  const place = { dataDir, machine: machine as unknown as Machine, store: new MemoryObjectStore() };
  return attachingContext(place, differences, records, {
    fellBackBecause: fallbacks(records, observed([])),
    goNative,
  });
};
const record = (change: Partial<JournalRecord>): JournalRecord => ({
  ...{ seq: 1, prev: '', time: 't', boot: 'boot-1', netns: observed([]).netns, generation: 1, phase: 'done' },
  step: attachStep(),
  ...change,
});

it.each<[string, Partial<Difference>, boolean]>([
  ['that fell back under auto', {}, true],
  ['that is wanted natively', { wanted: wanted('a') }, false],
  ['that nothing wants', { wanted: undefined as never }, false],
  ['that is not there', { observed: undefined as never }, false],
  ['that runs natively', { linkState: { ...generic, attachment: ours() } as Difference['linkState'] }, false],
  ['that runs nothing', { linkState: { kind: 'none' } }, false],
])('the driver of an interface %s is or is not asked whether native would work', (_what, change, isAsked) => {
  const { native } = attaching([difference(change)]);
  expect([...native]).toEqual(isAsked ? [[3, 'refused']] : []);
  expect(machine.askNativeOutlook).toHaveBeenCalledTimes(isAsked ? 1 : 0);
});

test('it is asked with what decides: the largest frame, what the program takes, and why it was refused', () => {
  machine.programTakesFrags.mockReturnValue(true);
  const step = {
    ...attachStep(),
    ifindex: 3,
    attached: { mode: 'generic' as const, fellBackBecause: 'the MTU' },
  };
  attaching([difference({ observed: device(9000) })], [record({ step })]);
  expect(machine.askNativeOutlook).toHaveBeenLastCalledWith(3, {
    ...{ largest: 9000, takesFrags: true, why: 'the MTU' },
  });
  machine.programTakesFrags.mockClear();
  attaching([difference({ wanted: running(blocking(), { mode: 'auto' }) })]);
  expect(machine.askNativeOutlook).toHaveBeenLastCalledWith(3, {
    largest: 0,
    takesFrags: true,
    why: undefined,
  });
  expect(machine.programTakesFrags, 'policies take frames in several buffers').not.toHaveBeenCalled();
});

test('what the records and the operator say goes along', () => {
  const step = { ...attachStep(), modes: ['native' as const] };
  const context = attaching([], [record({ step })], true);
  expect(context).toMatchObject({ goNative: true, takesFrags: new Set() });
  expect(context.last.get('veth0')).toMatchObject({ mode: 'native' });
  expect(attaching([]).goNative).toBe(false);
});

const ran = (digest: string): OwnedInterface => owned('a', { instances: [instance(digest, 10)] });

it.each<[string, Partial<Difference>, string[]]>([
  ['another program on large frames', {}, ['bbbb', 'aaaa']],
  ['the same program', { owned: ran('bbbb') }, []],
  ['a program that no record knows', { owned: ran('cccc') }, ['bbbb']],
  ['nothing that runs', { owned: undefined as never }, []],
  ['pins of which none runs', { owned: owned('a', { instances: [instance('aaaa', 11)] }) }, []],
  ['frames that fit into a page', { observed: device(3498) }, []],
  ['frames that just do not', { observed: device(3499) }, ['bbbb', 'aaaa']],
  ['a device that does not tell', { observed: nic('a', 3) }, []],
  ['an interface that is not there', { observed: undefined as never }, []],
  ['nothing wanted', { wanted: undefined as never }, []],
  ['a policy that is wanted', { wanted: running(blocking(), { digest: 'bbbb' }) }, ['aaaa']],
])('programs are asked whether they take several buffers, of %s', async (_what, change, expected) => {
  machine.programTakesFrags.mockReturnValue(true);
  await locked(dataDir, (lock) =>
    writeGeneration(lock, { origin: 'reconcile', desired: desired(wanted('a')) }),
  );
  const base = { wanted: wanted('a', { digest: 'bbbb' }), observed: device(9000), owned: ran('aaaa') };
  const { takesFrags } = attaching([difference({ linkState: { kind: 'none' }, ...base, ...change })]);
  expect([...takesFrags]).toEqual(expected);
});

test('an object that cannot be used takes nothing here, and a bug is no such object', () => {
  const fail = (error: Error) =>
    machine.programTakesFrags.mockImplementation(() => {
      throw error;
    });
  const one = difference({
    wanted: wanted('a', { digest: 'bbbb' }),
    observed: device(9000),
    owned: ran('aaaa'),
  });
  fail(new RefusedError('no program', { hint: '' }));
  expect(attaching([one]).takesFrags).toEqual(new Set());
  fail(new TypeError('a bug'));
  expect(() => attaching([one])).toThrow('a bug');
});

test('heals that went on too long count under the current generation, by the clock of this boot', async () => {
  const now = desired(wanted('veth0'));
  const heal = (ago: number) =>
    record({ boot: bootId(), uptime: uptime() - ago, step: { ...attachStep(), drift: 'detached' } });
  const heals = [record({ step: attachStep('b') }), heal(90), heal(60), heal(30)];
  const drift = (state = now, records = heals) =>
    driftContext({ desired: state, dataDir }, records, { boot: bootId(), insist: true });
  expect([...drift().stalled.values()], 'there is no generation').toEqual([]);
  await locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired: now }));
  expect([...drift().stalled.values()]).toEqual(['veth0']);
  expect([...drift({ ...now, digest: 'another' }).stalled.values()]).toEqual([]);
  expect([...drift(now, heals.slice(0, 1)).stalled.values()]).toEqual([]);
  expect(drift()).toMatchObject({ boot: bootId(), insist: true });
  expect([...drift().installed.keys()]).toEqual(['b', 'veth0']);
});

it.each<[string, Partial<Difference>, boolean, number]>([
  ['asks for them where they are taken off', { wanted: running(blocking({ vlan: ['none'] })) }, true, 1],
  ['asks for them where they stay', { wanted: running(blocking({ vlan: ['none'] })) }, false, 0],
  ['does not ask for them', { wanted: running(blocking()) }, true, 0],
  ['is no policy', { wanted: wanted('a') }, true, 0],
  ['is not wanted', { wanted: undefined as never }, true, 0],
  [
    'has no interface',
    { wanted: running(blocking({ vlan: ['none'] })), observed: undefined as never },
    true,
    0,
  ],
])('who cannot see tags is warned of what %s', (_what, change, hides, count) => {
  const warnings = warnOfHiddenTags([difference(change)], { hidesTags: (ifindex) => hides && ifindex === 3 });
  expect(warnings).toHaveLength(count);
  for (const one of warnings)
    expect(one).toMatch(/^a: icmp-drop asks for `vlan`, but rx-vlan-offload .*ethtool -K a rxvlan off/);
});

const net = { family: 4 as const, a: 0xc0000200, b: 0, c: 0, d: 0, length: 24 };
const after = blocking({ source: addressSet([net]) });
const swap = (program = running(after, { digest: 'bbbb' }).program): Step => ({
  ...swapStep(7),
  fromDigest: 'aaaa',
  instance: { ...swapStep(7).instance, digest: 'bbbb', program },
});

test('a swap of policies says which packets get another verdict, and nothing else says any', async () => {
  const before = running({ policy: policy([]), protections: [] });
  await locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired: desired(before) }));
  const effects = (step: Step) =>
    packetEffectsOf({ steps: [{ step }], warnings: [] }, dataDir).get('veth0')?.changes;
  const changes = [{ from: 'pass', to: 'drop', toRow: 'r' }];
  expect(effects(swap())).toMatchObject(changes);
  expect(effects({ ...reattachStep(7), ...swap(), kind: 'reattach' } as Step)).toMatchObject(changes);
  expect(effects({ ...swap(), fromDigest: undefined } as never)).toBeUndefined();
  expect(effects({ ...swap(), fromDigest: 'cccc' } as never), 'no record knows it').toBeUndefined();
  expect(effects(swap(wanted('a').program)), 'it is no policy').toBeUndefined();
  expect(effects({ ...swapStep(7), fromDigest: 'aaaa' }), 'no program is there').toBeUndefined();
  expect(
    effects({ ...attachStep(), instance: { ...attachStep().instance, program: before.program } }),
  ).toBeUndefined();
});

test('long lists come from the generation that has been read', async () => {
  const list = addressSet([net], ['l']);
  const before = running(blocking({ source: list }));
  await locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired: desired(before) }));
  const content = vi.fn(list.content);
  const lists = [{ name: 'l', entries: 1, set: { ...list, content } }];
  const none = { policy: policy([]), protections: [] };
  const step = swap(running(none, { digest: 'bbbb' }).program);
  const found = packetEffectsOf({ steps: [{ step }], warnings: [] }, dataDir, lists);
  expect(found.get('veth0')?.changes).toMatchObject([{ from: 'drop', to: 'pass' }]);
  expect(content).toHaveBeenCalled();
});
