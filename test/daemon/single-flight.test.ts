import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SingleFlight } from '../../src/daemon/single-flight.js';

it('makes one run of a burst, and one more of what came while it ran', async () => {
  const runs: string[][] = [];
  let running = 0;
  const queue = new SingleFlight(
    async (causes) => {
      expect(++running).toBe(1);
      runs.push(causes);
      await sleep(50);
      running--;
    },
    { quietMs: 10, longestMs: 2000 },
  );
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
  const queue = new SingleFlight(
    async () => {
      runs.push('started');
      await sleep(40);
      runs.push('finished');
    },
    { quietMs: 1, longestMs: 2000 },
  );
  queue.trigger('first');
  await sleep(20);
  queue.trigger('second');
  await queue.close();
  queue.trigger('third');
  await sleep(20);
  expect(runs).toEqual(['started', 'finished']);
});

it('runs within the longest wait though triggers never pause', async () => {
  const started = performance.now();
  const runs: number[] = [];
  const queue = new SingleFlight(
    () => {
      runs.push(performance.now() - started);
      return Promise.resolve();
    },
    { quietMs: 60, longestMs: 200 },
  );
  const restless = setInterval(() => {
    queue.trigger('noise');
  }, 5);
  await sleep(900);
  clearInterval(restless);
  await queue.close();
  expect(runs.length).toBeGreaterThanOrEqual(2);
  expect(runs[0]).toBeGreaterThan(150);
});
