// When a schedule asks for a pass, whatever somebody does to the clock meanwhile.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseSchedule, Schedule } from '../../src/daemon/schedule.js';
import { UsageError } from '../../src/model/errors.js';

const HOUR = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-03-01T10:00:30').getTime() });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What the schedule did in each of the minutes that passed, after the wall clock was set by so many milliseconds before it. */
function minutes(expression: string, steps: number[]) {
  let offset = 0;
  let looked = 0;
  const stepped: number[] = [];
  const schedule = new Schedule(
    parseSchedule(expression),
    () => looked++,
    (by) => stepped.push(Math.round(by / 1000)),
    { wall: () => Date.now() + offset, monotonic: () => Date.now() },
  );
  const looks = steps.map((by) => {
    offset += by;
    const before = looked;
    vi.advanceTimersByTime(60_000);
    return looked - before;
  });
  schedule.close();
  vi.advanceTimersByTime(600_000);
  expect(looked).toBe(looks.reduce((sum, one) => sum + one, 0)); // closed is closed
  return { looks, stepped };
}

it.each([
  ['every minute', '* * * * *', [0, 0, 0], [1, 1, 1], []],
  ['every five minutes', '*/5 * * * *', [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0], []],
  ['every twenty seconds', '*/20 * * * * *', [0, 0], [3, 3], []],
  ['never now', '0 0 1 1 *', [0, 0, 0], [0, 0, 0], []],
  ['back by an hour: it goes on', '* * * * *', [0, -HOUR, 0, 0], [1, 1, 1, 1], [-3600]],
  ['forward by seven days: one look, and it goes on', '* * * * *', [0, 168 * HOUR, 0], [1, 1, 1], [604_800]],
  [
    'forward over a time that is rare: it has come',
    '30 13 * * *',
    [0, 5 * HOUR, 0, 0],
    [0, 1, 0, 0],
    [18_000],
  ],
  ['forward by eleven months: one look more', '*/20 * * * * *', [0, 8000 * HOUR, 0], [3, 4, 3], [28_800_000]],
  ['an adjustment is no step', '* * * * *', [0, 400, -300, 0], [1, 1, 1, 1], []],
])('%s', (_, expression, steps, looks, stepped) => {
  expect(minutes(expression, steps)).toEqual({ looks, stepped });
});

it('after ten days without a processor it looks once, and asks nothing of each second', () => {
  let slept = 0;
  let looked = 0;
  const times = parseSchedule('30 13 * * *');
  const asked = vi.spyOn(times, 'match');
  const now = (): number => Date.now() + slept;
  const schedule = new Schedule(times, () => looked++, vi.fn(), { wall: now, monotonic: now });
  slept = 240 * HOUR;
  vi.advanceTimersByTime(60_000);
  schedule.close();
  expect([looked, asked.mock.calls.length < 4000]).toEqual([1, true]);
});

it.each(['every day', '* * * *', '61 * * * *', ''])('refuses "%s"', (expression) => {
  expect(() => parseSchedule(expression)).toThrow(UsageError);
});
