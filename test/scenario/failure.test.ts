// Every effect of every kind of step fails once, on each side of it: the pass undoes what it has done, says so, and
// goes on running what ran; or, where the new state is verified already, keeps it. The next pass converges.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Effect } from '../../src/apply/failpoint.js';
import type { ReportedStep } from '../../src/model/reconciliation.js';
import { casesOf, ROUND_TRIPS } from '../support/transitions.js';
import { World } from '../support/world.js';

interface Failure {
  exitCode: number;
  /** What runs then. */
  runs: 'from' | 'to';
  /** Absent when nothing is reported but the error: nobody knows what the journal holds. */
  outcome?: ReportedStep['outcome'];
}

const FAILED: Failure = { exitCode: 12, runs: 'from', outcome: 'failed' };

const FAILURES: Record<Effect, Failure> = {
  generation: { exitCode: 74, runs: 'from' },
  intent: { exitCode: 74, runs: 'from' },
  move: FAILED,
  pin: FAILED,
  'take-over': FAILED,
  'drop-link': FAILED,
  link: FAILED,
  swap: FAILED,
  'give-back': FAILED,
  // In effect, but nobody could look: undone.
  verify: { exitCode: 10, runs: 'from', outcome: 'undone' },
  // What runs is right, and what is left over is for the next pass.
  clean: { exitCode: 0, runs: 'to', outcome: 'done' },
  outcome: { exitCode: 74, runs: 'to' },
};

describe.each(ROUND_TRIPS)('$name', (trip) => {
  let world: World;
  beforeAll(async () => {
    world = await World.create(trip);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each(casesOf(trip))('$transition.name, failing at $point', async ({ transition, effect, point }) => {
    const { exitCode, runs, outcome } = FAILURES[effect];
    await world.reach(transition.from);
    const failed = await world.run(transition.to, `${point}=fail`);
    expect(failed).toMatchObject({ exitCode });
    if (outcome) {
      const [step] = (JSON.parse(failed.stdout) as { steps: ReportedStep[] }).steps;
      expect(step).toMatchObject({ outcome });
      if (outcome !== 'done') expect(step?.error).toBe(`failpoint ${point}`);
      expect(world.openIntents()).toEqual([]);
    } else {
      expect(failed.stderr).toContain(`failpoint ${point}`);
    }
    if (effect === 'clean') await world.check(transition.to);
    else await world.arrive(transition[runs]);

    expect(await world.pass()).toMatchObject({ exitCode: 0 });
    await world.arrive(transition.to);
    expect(world.openIntents()).toEqual([]);
  });

  it('is told truly by the history', async () => {
    const counts = await world.history();
    expect(counts.open).toBe(0);
    expect(counts.undone).toBeGreaterThan(0);
    expect(counts.failed).toBeGreaterThan(0);
  });
});
