// What each kind of pass goes for, beside its safeties (inputs.test.ts): whole targets, so that one that tries again, compares
// deeply or touches more than it should is told.
import { expect, it } from 'vitest';
import type { PlanFile } from '../../src/model/plan-file.js';
import { NO_SAFEGUARDS } from '../../src/model/safeguards.js';
import type { OpenHost } from '../../src/pass/host.js';
import type { PassInputs } from '../../src/pass/inputs.js';
import { inputsForBlock } from '../../src/pass/inputs-for-block.js';
import { inputsForDeparture } from '../../src/pass/inputs-for-departure.js';
import { inputsAfterDecision, inputsToRestore } from '../../src/pass/inputs-from-generation.js';
import { inputsFromPlanFile } from '../../src/pass/inputs-from-plan-file.js';
import { emptyState } from '../../src/model/desired.js';
import { onTrial, PassHost } from '../fakes/pass.js';
import { policy, rule } from '../policy/policy.js';
import { desired, wanted } from '../support/states.js';

const state = desired(wanted('a'));
const planFile = (change: Partial<PlanFile>): PlanFile => ({
  ...{ format: 1, release: 'r', host: 'h', time: '', bpffs: '', dataDir: '', boot: '', netns: 0 },
  ...{ journal: { records: 0, head: '' }, safeguards: NO_SAFEGUARDS, allowPrune: false },
  ...{ steps: [], subjects: [], objects: {}, sets: {}, desired: state },
  ...change,
});
const source = { commit: 'c', subject: 's', author: 'a', time: 't' };
const all = { interfaces: 'all', retry: false, goNative: false, deep: false };
const reconciles = { origin: 'reconcile' };

it.each<[string, (host: OpenHost) => PassInputs, object]>([
  [
    'a rollback',
    (host) => inputsForDeparture(host, state, { origin: 'rollback', of: 1 }),
    { ...all, desired: state, generation: { origin: 'rollback', of: 1 } },
  ],
  [
    'a plan file',
    (host) => inputsFromPlanFile(host, planFile({ source }), {}),
    { ...all, desired: state, generation: { ...reconciles, source } },
  ],
  [
    'a plan file of no source',
    (host) => inputsFromPlanFile(host, planFile({}), {}),
    { ...all, desired: state, generation: reconciles },
  ],
  [
    'restore of what ran',
    (host) => inputsToRestore(host, 1, 'h'),
    { ...all, desired: state, generation: reconciles },
  ],
  [
    'restore of nothing',
    (host) => inputsToRestore(host, 0, 'h'),
    { ...all, desired: emptyState('h'), generation: reconciles },
  ],
  [
    'what follows a decision',
    (host) => inputsAfterDecision(host, new Set()),
    { ...all, desired: state, generation: reconciles },
  ],
])('%s', async (_what, make, target) => {
  const host = new PassHost();
  host.kernel.addInterface('a', 2);
  await host.pass(state);
  const made = await host.opened((place) => Promise.resolve(make(place)));
  expect(made.target).toStrictEqual(target);
  expect(made.report).toStrictEqual({ dryRun: false, warnings: [], progress: undefined });
});

it('a first block runs what runs, in the mode that it has, and nothing that is wanted by now', async () => {
  const host = new PassHost();
  host.kernel.addInterface('a', 2);
  await host.pass(state);
  const { owned } = host.kernel.observe();
  const { target } = await host.opened((place) => Promise.resolve(inputsForBlock(place, 'edge', owned)));
  expect(target).toMatchObject({
    retry: true,
    deep: false,
    interfaces: new Set(['a']),
    generation: reconciles,
  });
  expect(target.desired.interfaces).toStrictEqual([{ ...wanted('a'), mode: 'auto' }]);
  const unknown = [{ name: 'a', instances: [] }];
  const made = await host.opened((place) => Promise.resolve(inputsForBlock(place, 'edge', unknown)));
  expect(made.target.desired.interfaces).toStrictEqual([wanted('a')]);
});

it('a new state that needs no step is a generation once the kernel runs all of it, and no sooner', async () => {
  const host = new PassHost();
  host.kernel.addInterface('a', 2);
  await host.pass(state);
  const renamed = { ...state, digest: 'another', written: 'another' };
  expect((await host.pass(renamed, { look: true })).generation).toBe(1);
  expect((await host.pass({ ...desired(wanted('a'), wanted('gone')), digest: 'third' })).generation).toBe(1);
  expect((await host.pass(renamed)).generation).toBe(2);
  expect((await host.pass(renamed)).generation).toBe(2);
});

it('a first block swaps the policy that runs for the same policy', async () => {
  const host = new PassHost();
  host.kernel.addInterface('a', 2);
  const firewall = { policy: policy([rule('r', {}, 'drop')]), protections: [] };
  const one = wanted('a');
  await host.pass([{ ...one, program: { ...one.program, origin: 'policy', firewall } }]);
  const { owned } = host.kernel.observe();
  const { target } = await host.opened((place) => Promise.resolve(inputsForBlock(place, 'edge', owned)));
  expect(target.goNative).toBe(false);
  expect(target.desired.interfaces[0]?.program).toMatchObject({
    origin: 'policy',
    firewall: { policy: { rules: [{ name: 'r' }] } },
  });
});

it('restore may change the host, unless there is nothing to restore or a change waits, which is told', async () => {
  const host = new PassHost();
  host.kernel.addInterface('a', 2);
  await host.pass(state);
  const restore = (number: number) =>
    host.opened((place) => Promise.resolve(inputsToRestore(place, number, 'h')));
  const { place, safeties } = await restore(1);
  expect(place).toMatchObject({ dataDir: host.dataDir });
  expect(place.lock).toBeDefined();
  expect(safeties.confirmation).toHaveProperty('notAsked');
  const changed = desired(wanted('a', { digest: 'bbbb' }));
  await host.pass(changed, { safeties: onTrial({ confirm: 60_000 }) });
  const waiting = await restore(2);
  expect(waiting.place.lock).toBeUndefined();
  expect(waiting.safeties.confirmation).toMatchObject({ ask: { generation: 2 } });
});

it('a state is a generation once all of it is in effect, though an interface fell back to generic mode', async () => {
  const host = new PassHost();
  host.kernel.addInterface('a', 2);
  await host.pass(state);
  // One interface is missing: the state is not in effect, so it is no generation, and its hold does not end.
  const more = { ...desired(wanted('a'), wanted('gone')), digest: 'more' };
  expect(await host.pass(more)).toMatchObject({ generation: 1 });
  host.kernel.addInterface('gone', 3, true);
  const fallen = { ...desired(wanted('a'), wanted('gone', { mode: 'auto' })), digest: 'fallen' };
  expect(await host.pass(fallen)).toMatchObject({ generation: 2 });
  // Degraded is in effect as well.
  expect(await host.pass({ ...fallen, digest: 'same', written: 'same' })).toMatchObject({ generation: 3 });
});
