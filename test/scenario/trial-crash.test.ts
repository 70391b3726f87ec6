// Kill -9 behind every effect of a change that is to be confirmed, and on each side of what decides it: the next pass, or
// the deadline, goes back to what was confirmed last, whole and with nothing beside it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Effect, TRIAL_EFFECTS } from '../../src/apply/failpoint.js';
import { readPending } from '../../src/journal/pending.js';
import { writeHost } from '../support/host.js';
import { type Point, ROUND_TRIPS, type State, type Transition } from '../support/transitions.js';
import { endTime, watchdogs } from '../support/trials.js';
import { World } from '../support/world.js';

const CHANGES = ROUND_TRIPS.flatMap((trip) => {
  if (trip.name === 'update') return [{ trip, change: trip.there }];
  return trip.name === 'attach and detach' ? [trip.there, trip.back].map((change) => ({ trip, change })) : [];
});

const ON_TRIAL = ['--confirm-within', '1h'];

/** How each decisive effect is undone. */
const UNDOING: Partial<Record<Effect, Effect>> = { link: 'drop-link', 'drop-link': 'link', swap: 'swap' };

/** Nothing is cleaned away while a change waits. Before an effect is much as behind the one before it: both only where it matters. */
function pointsOf({ effects }: Transition): Point[] {
  const steps = [...TRIAL_EFFECTS, ...effects].filter((effect) => effect !== 'clean');
  return [...steps.map((effect) => `${effect}:after` as const), 'intent:before', 'decide:before'];
}

describe.each(CHANGES)('$change.name on trial', ({ trip, change }) => {
  const { from, to, decisive } = change;
  const undoing = UNDOING[decisive] ?? decisive;
  let world: World;
  beforeAll(async () => {
    world = await World.create(trip);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  // What was only announced, or waits already, a pass would begin or keep; else the two ways to go back take turns.
  const points = pointsOf(change).map((point, at) => {
    const byDeadline = at % 2 === 1 || ['announce:after', 'decide:after'].includes(point);
    return { point, by: byDeadline ? 'deadline' : 'pass' };
  });
  it.each(points)('killed at $point, ended by the next $by', async ({ point, by }) => {
    await world.reach(from);
    await world.kill(to, point, ...ON_TRIAL);
    if (point === 'arm:after') {
      // Nothing was announced: its watchdog has nothing to wait for.
      await expect.poll(() => watchdogs(world.lab)).toEqual([]);
      return world.arrive(from);
    }
    if (by === 'pass') {
      expect(await world.pass()).toMatchObject({ exitCode: 13, hold: {} });
    } else await endTime(world.lab);
    await isBack(world, from);
  });

  it.each([`${undoing}:after`, 'decide:after'])('and cancelled, which is killed at %s', async (point) => {
    await world.reach(from);
    expect(await world.run(to, undefined, ...ON_TRIAL)).toMatchObject({ exitCode: 0 });
    const killed = await world.lab.run(['cancel'], { env: { XDPKEEP_FAILPOINT: point } });
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    await endTime(world.lab);
    await isBack(world, from);
  });
});

/** What was confirmed last runs, is recorded, and is what the next pass wants of the state files of before. */
async function isBack(world: World, from: State): Promise<void> {
  await expect.poll(() => watchdogs(world.lab)).toEqual([]);
  expect(readPending(world.lab.dataDir)).toBeUndefined();
  expect(world.openIntents()).toEqual([]);
  await world.arrive(from);
  writeHost(world.lab, from.interfaces);
  expect(await world.pass()).toMatchObject({ changed: false, exitCode: 0 });
}
