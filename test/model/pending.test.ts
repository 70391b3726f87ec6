import { expect, test } from 'vitest';
import { type Pending, reportPending, whyOver } from '../../src/model/pending.js';

const PENDING: Pending = {
  id: 'ab12',
  generation: 2,
  previous: 1,
  written: 'w',
  phase: 'waiting',
  boot: 'boot-1',
  since: '2026-01-01T00:00:00.000Z',
  deadline: { monotonic: 60_000, wall: '2026-01-01T00:01:00.000Z', armed: { by: 'watchdog', pid: 7 } },
};
const NOW = { boot: 'boot-1', now: 59_999 };

test.each<[name: string, pending: Partial<Pending>, now: Partial<typeof NOW>, over: RegExp | undefined]>([
  ['in time', {}, {}, undefined],
  ['at the deadline', {}, { now: 60_000 }, /not confirmed in time/],
  ['another boot, however early', {}, { boot: 'boot-2', now: 1 }, /rebooted/],
  ['never judged', { phase: 'trying' }, {}, /ended before it was decided/],
])('%s', (_name, pending, now, over) => {
  const why = whyOver({ ...PENDING, ...pending }, { ...NOW, ...now });
  if (over === undefined) expect(why).toBeUndefined();
  else expect(why).toMatch(over);
});

test('the time left is whole seconds, and never less than none', () => {
  expect(reportPending(PENDING, 58_500)?.secondsLeft).toBe(2);
  expect(reportPending(PENDING, 99_999)?.secondsLeft).toBe(0);
  const unasked: Pending = { ...PENDING };
  delete unasked.deadline;
  expect(reportPending(unasked, 0)).toBeUndefined();
});
