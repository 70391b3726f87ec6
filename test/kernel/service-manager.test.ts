// sd_notify(3), against a real datagram socket.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { tellServiceManager, watchdogInterval } from '../../src/kernel/service-manager.js';
import { listenAt } from '../support/service-manager.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), `${inject('run')}-notify-`));
  onTestFinished(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

test.each([
  ['a path', (at: string) => join(at, 'socket')],
  ['an abstract name', () => `@${inject('run')}/notify`],
])('what is said to %s arrives as one message', async (_name, where) => {
  const socket = where(folder());
  await using manager = await listenAt(socket);
  expect(tellServiceManager(['READY=1', 'STATUS=grün'], socket)).toBe(true);
  expect(tellServiceManager(['STOPPING=1'], socket)).toBe(true);
  await expect.poll(() => manager.messages).toEqual(['READY=1\nSTATUS=grün', 'STOPPING=1']);
});

test('nobody who listens, or nobody who asked, is no error', () => {
  const at = folder();
  for (const socket of [undefined, '', 'relative', 'vsock:2:3', join(at, 'absent'), `/${'x'.repeat(108)}`]) {
    expect(tellServiceManager(['READY=1'], socket), socket).toBe(false);
  }
});

test('a service manager that does not read makes nobody wait', async () => {
  const socket = join(folder(), 'socket');
  await using manager = await listenAt(socket);
  const results = new Set<boolean>();
  for (let at = 0; at < 100_000 && results.size < 2; at++) results.add(tellServiceManager(['X=1'], socket));
  expect(results).toEqual(new Set([true, false]));
  await expect.poll(() => manager.messages.length).toBeGreaterThan(0);
});

test('the watchdog is asked for in microseconds, and of one process', () => {
  const own = String(process.pid);
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000' })).toBe(30_000);
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: own })).toBe(30_000);
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' })).toBeUndefined();
  for (const environment of [{}, { WATCHDOG_USEC: '' }, { WATCHDOG_USEC: '0' }, { WATCHDOG_USEC: 'often' }]) {
    expect(watchdogInterval(environment)).toBeUndefined();
  }
});
