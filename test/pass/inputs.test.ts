// Every kind of pass says of every safety whether it is asked. What is asked where is a table here, so that whoever changes one
// has to say so twice; and a safety that is left out does not compile.
import { expect, it } from 'vitest';
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

const GUARDS = ['pruneGuard', 'lockoutGuard'];

it.each<[string, Hold | undefined, (host: OpenHost) => PassInputs, string[]]>([
  ['a block', undefined, (host) => inputsForBlock(host, 'h', []), []],
  [
    'a rollback, a detach',
    undefined,
    (host) => inputsForDeparture(host, emptyState('h'), { origin: 'rollback' }),
    [],
  ],
  ['restore', undefined, (host) => inputsToRestore(host, 0, 'h'), ['suspensions', ...GUARDS]],
  ['restore under a hold', HOLD, (host) => inputsToRestore(host, 0, 'h'), ['hold', 'suspensions']],
  ['after a decision', undefined, (host) => inputsAfterDecision(host, NONE), ['suspensions']],
  [
    'apply',
    undefined,
    (host) => inputsFromPlanFile(host, planFile({}), {}),
    ['planFile', ...GUARDS, 'trial'],
  ],
  [
    'apply of a plan that may prune, where something is on hold',
    HOLD,
    (host) => inputsFromPlanFile(host, planFile({ allowPrune: true }), {}),
    ['hold', 'planFile', 'lockoutGuard', 'trial'],
  ],
  [
    'apply of what a hold keeps',
    HOLD,
    (host) => inputsFromPlanFile(host, planFile({ hold: HOLD }), {}),
    ['hold', 'planFile'],
  ],
])('%s asks: %j', async (_what, hold, make, asks) => {
  const { safeties } = await onHost(hold, make);
  const all = Object.entries(safeties) as [string, { ask: unknown } | { notAsked: string }][];
  expect(all.filter(([, safety]) => 'ask' in safety).map(([name]) => name)).toEqual(asks);
  for (const [name, safety] of all) {
    if ('notAsked' in safety) expect(safety.notAsked.length, name).toBeGreaterThan(10);
  }
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
