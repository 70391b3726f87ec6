// Every kind of pass says of every safety whether it is asked. What is asked where is a table here, so that whoever changes one
// has to say so twice; and a safety that is left out does not compile.
import { expect, it } from 'vitest';
import { SUSPENDED_AFTER_LOSS } from '../../src/journal/generation-state.js';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { writeHold } from '../../src/journal/hold.js';
import { pinsOf } from '../../src/kernel/pins.js';
import { emptyState } from '../../src/model/desired.js';
import type { Hold } from '../../src/model/reconciliation.js';
import type { PlanFile } from '../../src/model/plan-file.js';
import { NO_SAFEGUARDS } from '../../src/model/safeguards.js';
import type { PassInputs, Safeties } from '../../src/pass/inputs.js';
import { inputsForBlock } from '../../src/pass/inputs-for-block.js';
import { inputsForDeparture } from '../../src/pass/inputs-for-departure.js';
import { inputsAfterDecision, inputsToRestore } from '../../src/pass/inputs-from-generation.js';
import { inputsFromPlanFile } from '../../src/pass/inputs-from-plan-file.js';
import type { OpenHost } from '../../src/pass/host.js';
import { MACHINE } from '../../src/pass/machine.js';
import { DiskObjectStore } from '../../src/disk/object-store.js';
import { withWriterLock } from '../../src/journal/lock.js';
import { temporaryFolder } from '../journal/support.js';

const HOLD: Hold = { digests: ['d'], generation: 0, reason: 'r', since: '2026-01-01T00:00:00.000Z' };
const NONE = new Set<string>();

/** A host that has nothing, with a hold or without one. */
function onHost(hold: Hold | undefined, make: (host: OpenHost) => PassInputs): Promise<PassInputs> {
  const dataDir = temporaryFolder();
  const bpffs = temporaryFolder();
  return withWriterLock(dataDir, (lock) => {
    if (hold) writeHold(lock, hold);
    const look = () => Promise.reject(new Error('nobody looks'));
    const store = new DiskObjectStore(dataDir);
    const host = {
      bpffs,
      dataDir,
      lock,
      pins: pinsOf(bpffs),
      store,
      machine: MACHINE,
      observe: look,
      firstLook: look,
    };
    return Promise.resolve(make(host));
  });
}

const planFile = (change: Partial<PlanFile>): PlanFile => ({
  ...{ format: 1, release: 'r', host: 'h', time: '', bpffs: '', dataDir: '', boot: '', netns: 0 },
  ...{ journal: { records: 0, head: '' }, safeguards: NO_SAFEGUARDS, allowPrune: false },
  ...{ steps: [], subjects: [], objects: {}, sets: {}, desired: emptyState('h') },
  ...change,
});

const NOBODY = { remotes: [], accepted: false };
const GUARDS = { pruneGuard: true, lockoutGuard: NOBODY };
const NOTHING_SUSPENDED = { suspensions: { inForce: [], except: NONE } };
const FILE = { planFile: expect.any(Function) as unknown };
const TRIAL = { trial: { safeguards: NO_SAFEGUARDS, readFrom: undefined } };
const KEPT = { hold: { keeps: HOLD } };

it.each<[string, Hold | undefined, (host: OpenHost) => PassInputs, object]>([
  ['a block', undefined, (host) => inputsForBlock(host, 'h', []), {}],
  [
    'a rollback, a detach',
    undefined,
    (host) => inputsForDeparture(host, emptyState('h'), { origin: 'rollback' }),
    {},
  ],
  ['restore', undefined, (host) => inputsToRestore(host, 0, 'h'), { ...NOTHING_SUSPENDED, ...GUARDS }],
  ['restore under a hold', HOLD, (host) => inputsToRestore(host, 0, 'h'), { ...KEPT, ...NOTHING_SUSPENDED }],
  [
    'after a decision that leaves nothing to go by',
    undefined,
    (host) => inputsAfterDecision(host, NONE),
    { suspensions: { inForce: [SUSPENDED_AFTER_LOSS], except: NONE } },
  ],
  [
    'apply',
    undefined,
    (host) => inputsFromPlanFile(host, planFile({}), {}),
    { ...FILE, ...GUARDS, ...TRIAL },
  ],
  [
    'apply whose operator accepts a lock-out and confirms within another time',
    undefined,
    (host) => inputsFromPlanFile(host, planFile({}), { acceptLockout: true, confirmWithin: 5 }),
    {
      ...{ ...FILE, ...GUARDS, lockoutGuard: { remotes: [], accepted: true } },
      trial: { safeguards: { ...NO_SAFEGUARDS, confirm: 5 }, readFrom: undefined },
    },
  ],
  [
    'apply of a plan that may prune, where something is on hold',
    HOLD,
    (host) => inputsFromPlanFile(host, planFile({ allowPrune: true }), {}),
    { hold: { endsBecause: 'a plan was applied' }, ...FILE, lockoutGuard: NOBODY, ...TRIAL },
  ],
  [
    'apply of what a hold keeps',
    HOLD,
    (host) => inputsFromPlanFile(host, planFile({ hold: HOLD }), {}),
    { ...KEPT, ...FILE },
  ],
])('%s asks what it has to, and says of all else why not', async (_what, hold, make, asks) => {
  const { safeties } = await onHost(hold, make);
  const all = Object.entries(safeties) as [string, { ask: unknown } | { notAsked: string }][];
  expect(Object.keys(safeties)).toEqual(ALL);
  const questions = all.flatMap(([name, safety]) => ('ask' in safety ? [[name, safety.ask]] : []));
  expect(Object.fromEntries(questions)).toStrictEqual(asks);
  for (const [name, safety] of all) if (!('ask' in safety)) expect(safety.notAsked, name).toMatch(/.{10}/);
});

const ALL = [...['confirmation', 'hold', 'planFile', 'suspensions', 'pruneGuard', 'lockoutGuard', 'trial']];

it('what follows a decision touches what is excepted, where a record says what ran', async () => {
  const { safeties } = await onHost(undefined, (host) => {
    writeGeneration(host.lock, { origin: 'reconcile', desired: emptyState('h') });
    return inputsAfterDecision(host, new Set(['veth0']));
  });
  expect(safeties.suspensions).toEqual({ ask: { inForce: [], except: new Set(['veth0']) } });
});

it('a plan that is only looked at makes a report of what would be', async () => {
  const look = await onHost(undefined, (host) =>
    inputsFromPlanFile({ ...host, lock: undefined }, planFile({}), {}),
  );
  expect(look.report.dryRun).toBe(true);
});

it('where what a hold keeps is lost, restore and what follows a decision leave everything as it is', async () => {
  for (const make of [
    (host: OpenHost) => inputsToRestore(host, 0, 'h'),
    (host: OpenHost) => inputsAfterDecision(host, new Set(['veth0'])),
  ]) {
    const { safeties } = await onHost({ ...HOLD, lost: true }, make);
    expect(safeties.suspensions).toMatchObject({ ask: { inForce: [{ file: 'hold.json' }], except: NONE } });
  }
});

it('a block names what it may touch, and everybody else touches everything', async () => {
  const block = await onHost(undefined, (host) => inputsForBlock(host, 'h', [{ name: 'a', instances: [] }]));
  expect(block.target.interfaces).toEqual(new Set(['a']));
  const restore = await onHost(undefined, (host) => inputsToRestore(host, 0, 'h'));
  expect(restore.target.interfaces).toBe('all');
  expect(restore.place.lock, 'there is nothing to restore').toBeUndefined();
});

it('a safety that is left out, or has no reason, does not compile', () => {
  type Optional = { [K in keyof Safeties]-?: object extends Pick<Safeties, K> ? K : never }[keyof Safeties];
  const none: Optional[] = [];
  expect(none).toEqual([]);
  // @ts-expect-error -- a safety may not be optional
  const wrong: Optional = 'trial';
  // @ts-expect-error -- nor be switched off without a reason
  const silent: Safeties['trial'] = {};
  expect([wrong, silent]).toHaveLength(2);
});
