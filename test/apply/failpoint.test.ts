// Where a run can be made to fail, and how signals wait. What a killed run leaves is for test/scenario/.
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from 'vitest';
import { deferSignals } from '../../src/apply/defer-signals.js';
import type * as failpoint from '../../src/apply/failpoint.js';
import { awaitEffect, effect, type Effect, type TrialEffect } from '../../src/apply/failpoint.js';

let kill: MockInstance<typeof process.kill>;
beforeEach(() => {
  kill = vi.spyOn(process, 'kill').mockReturnValue(true);
});
afterEach(() => {
  kill.mockRestore();
  vi.unstubAllEnvs();
});

it('an effect is run and its result is that of the effect, where nothing is to fail', async () => {
  expect(effect('swap', () => 1)).toBe(1);
  expect(await awaitEffect('verify', () => Promise.resolve(2))).toBe(2);
  vi.stubEnv('XDPKEEP_FAILPOINT', 'link:before=fail');
  expect(effect('swap', () => 3)).toBe(3);
  expect(kill).not.toHaveBeenCalled();
});

/** The module strikes once in a process: each case has one of its own, by another name. */
async function fresh(point: string): Promise<typeof failpoint> {
  vi.stubEnv('XDPKEEP_FAILPOINT', point);
  const path = `../../src/apply/failpoint.ts?${encodeURIComponent(point)}`;
  return (await import(path)) as typeof failpoint;
}

it.each<[point: string, name: Effect | TrialEffect, ran: boolean, kind: string]>([
  ['swap:before=fail', 'swap', false, 'EnvironmentError'],
  ['swap:after=fail', 'swap', true, 'EnvironmentError'],
  ['link:after,swap:after=fail', 'swap', true, 'EnvironmentError'],
  ['intent:before=fail', 'intent', false, 'JournalError'],
  ['decide:after=fail', 'decide', true, 'JournalError'],
])('%s fails there, once', async (point, name, runs, kind) => {
  const failing = await fresh(point);
  let ran = 0;
  const run = () => failing.effect(name, () => (ran += 1));
  const wait = () => failing.awaitEffect(name, () => Promise.resolve((ran += 1)));
  expect(run).toThrow(
    expect.objectContaining({ constructor: expect.objectContaining({ name: kind }) as unknown }) as Error,
  );
  expect(ran).toBe(runs ? 1 : 0);
  expect(run()).toBe(ran);
  expect(await wait()).toBe(ran);
});

it.each([
  ['verify:before', 'SIGKILL', 0],
  ['verify:after', 'SIGKILL', 1],
  ['verify:after=stop', 'SIGSTOP', 1],
])('%s ends or suspends the process', async (point, signal, before) => {
  const failing = await fresh(point);
  let ran = 0;
  const at: number[] = [];
  kill.mockImplementation(() => {
    at.push(ran);
    return true;
  });
  await failing.awaitEffect('verify', () => Promise.resolve((ran += 1)));
  expect(kill.mock.calls).toEqual([[process.pid, signal]]);
  expect(at).toEqual([before]);
});

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const listening = () => SIGNALS.map((signal) => process.listenerCount(signal));

it.each(SIGNALS)('%s waits until the work is done, and is there then', async (signal) => {
  const before = listening();
  const seen: number[] = [];
  const answer = await deferSignals(async () => {
    expect(listening()).toEqual(before.map((count) => count + 1));
    process.emit(signal, signal);
    process.emit(signal, signal);
    await Promise.resolve();
    seen.push(kill.mock.calls.length);
    return 'done';
  });
  expect(answer).toBe('done');
  expect(seen).toEqual([0]);
  expect(kill.mock.calls).toEqual([[process.pid, signal]]);
  expect(listening()).toEqual(before);
});

it('a signal that somebody else listens to is theirs, and one that never came is not made up', async () => {
  const theirs = vi.fn();
  process.on('SIGTERM', theirs);
  try {
    await expect(
      deferSignals(() => {
        process.emit('SIGTERM', 'SIGTERM');
        return Promise.reject(new Error('failed'));
      }),
    ).rejects.toThrow('failed');
    expect(theirs).toHaveBeenCalledTimes(1);
    expect(kill).not.toHaveBeenCalled();
  } finally {
    process.off('SIGTERM', theirs);
  }
});
