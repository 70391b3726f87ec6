import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SingleFlight } from '../../src/daemon/single-flight.js';

it('makes one run of a burst, and one more of what came while it ran', async () => {
  const runs: string[][] = [];
  let running = 0;
  const queue = new SingleFlight(async (causes) => {
    expect(++running).toBe(1);
    runs.push(causes);
    await sleep(50);
    running--;
  }, 10);
  for (let at = 0; at < 1000; at++) queue.trigger('burst');
  await sleep(30);
  queue.trigger('late');
  queue.trigger('later');
  await sleep(150);
  await queue.close();
  expect(runs).toEqual([['burst'], ['late', 'later']]);
});

it('lets the run in flight finish when it is closed, and starts no other', async () => {
  const runs: string[] = [];
  const queue = new SingleFlight(async () => {
    runs.push('started');
    await sleep(40);
    runs.push('finished');
  }, 1);
  queue.trigger('first');
  await sleep(20);
  queue.trigger('second');
  await queue.close();
  queue.trigger('third');
  await sleep(20);
  expect(runs).toEqual(['started', 'finished']);
});
