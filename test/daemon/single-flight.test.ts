// The clock is the test's own: nothing here depends on how fast the machine is.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SingleFlight } from '../../src/daemon/single-flight.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const sleep = (milliseconds: number) => new Promise<void>((over) => setTimeout(over, milliseconds));
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

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
  await pass(9);
  expect(runs).toEqual([]);
  await pass(21);
  queue.trigger('late');
  queue.trigger('later');
  await pass(150);
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
  await pass(20);
  queue.trigger('second');
  const closed = queue.close();
  await pass(20);
  expect(runs).toEqual(['started']);
  await pass(1);
  await closed;
  queue.trigger('third');
  await pass(5000);
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
  await pass(900);
  clearInterval(restless);
  await queue.close();
  // 200 after the first of them, and the millisecond that a timer takes at least.
  expect(runs).toEqual([206, 411, 616, 821]);
});
