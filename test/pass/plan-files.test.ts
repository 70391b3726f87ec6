// What `apply FILE` compares under the lock, on a host that is made up: all is as it was planned, or nothing is done.
import { beforeEach, expect, test } from 'vitest';
import { addSuspension } from '../../src/journal/suspension-writer.js';
import { EXIT, XdpkeepError } from '../../src/model/errors.js';
import type { ObservedState } from '../../src/model/observed.js';
import type { PlanFile } from '../../src/model/plan-file.js';
import { NO_SAFEGUARDS } from '../../src/model/safeguards.js';
import type { Plan } from '../../src/model/step.js';
import { inputsFromPlanFile } from '../../src/pass/inputs-from-plan-file.js';
import { bareSteps, subjectsOf } from '../../src/plan/subjects.js';
import { PassHost } from '../fakes/pass.js';
import { desired, wanted } from '../support/states.js';

let host: PassHost;
let found: ObservedState;
let planned: Plan;
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
  found = host.kernel.observe();
  planned = host.plan(wanted('a'), wanted('b'));
});

/** The error of comparing the plan with what is planned now. */
const compare = (now: Plan, seen: ObservedState) =>
  host.opened((place) => {
    const file: PlanFile = {
      ...{ format: 1, release: 'r', host: 'h', time: '', bpffs: '', dataDir: '', boot: '', netns: 0 },
      ...{ journal: { records: 0, head: '' }, safeguards: NO_SAFEGUARDS, allowPrune: false },
      ...{ objects: {}, sets: {}, desired: desired(wanted('a')) },
      steps: bareSteps(planned),
      subjects: subjectsOf(planned, found),
    };
    const { planFile } = inputsFromPlanFile(place, file, {}).safeties;
    if (!('ask' in planFile)) throw new Error('nobody asks');
    try {
      planFile.ask(now, seen);
      return Promise.resolve(undefined);
    } catch (error) {
      return Promise.resolve(error as XdpkeepError);
    }
  });

test('a plan that is made again as it was goes on', async () => {
  expect(await compare(planned, found)).toBeUndefined();
});

test('one that is another by now is stale, and says what has changed', async () => {
  host.kernel.attachForeign(2, 'native');
  expect(await compare(planned, host.kernel.observe())).toMatchObject({
    exitCode: EXIT.stalePlan,
    message: expect.stringMatching(/^the plan is stale: a: its XDP programs were none/) as string,
  });
});

test('one of which a step has to wait by now is refused as a whole', async () => {
  const suspend = (only: string) =>
    host.opened((place, journal) => {
      const about = { interface: only, reason: 'storm', by: 'alice', duration: 60_000 };
      return Promise.resolve(addSuspension(place.lock, journal(), about));
    });
  await suspend('c');
  expect(await compare(planned, found)).toBeUndefined();
  await suspend('a');
  expect(await compare(planned, found)).toMatchObject({
    exitCode: EXIT.held,
    message: 'a: changes are suspended',
    hint: expect.stringContaining('Nothing was changed') as string,
  });
  await suspend('b');
  expect(await compare(planned, found)).toMatchObject({ message: 'a, b: changes are suspended' });
});
