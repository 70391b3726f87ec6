// What the service manager hears, on a real socket.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { LONGEST_PASS, Service } from '../../src/daemon/service.js';
import { listenAt } from '../support/service-manager.js';

async function manager(watchdogUsec?: number) {
  const at = mkdtempSync(join(tmpdir(), `${inject('run')}-service-`));
  const socket = join(at, 'socket');
  const before = { ...process.env };
  process.env['NOTIFY_SOCKET'] = socket;
  if (watchdogUsec !== undefined) process.env['WATCHDOG_USEC'] = String(watchdogUsec);
  onTestFinished(() => {
    process.env = before;
    rmSync(at, { recursive: true });
  });
  return { socket, listening: await listenAt(socket) };
}

it('is ready once, after the first pass that was heard of; a status is one line', async () => {
  const { listening } = await manager();
  await using heard = listening;
  const service = new Service(() => 0);
  const { NOTIFY_SOCKET = '' } = process.env;
  process.env['NOTIFY_SOCKET'] = `${NOTIFY_SOCKET}.absent`;
  service.passed('nobody listens yet');
  process.env['NOTIFY_SOCKET'] = NOTIFY_SOCKET;
  service.passed('generation 1: 1 Ready');
  service.passed('two\nlines');
  service.stopping();
  service.passed('too late');
  await expect
    .poll(() => heard.messages)
    .toEqual([
      'READY=1\nSTATUS=generation 1: 1 Ready',
      'STATUS=two lines',
      'STOPPING=1\nSTATUS=stopping; what is attached stays attached',
    ]);
});

it('is alive while no pass takes too long', async () => {
  const { listening } = await manager(50_000);
  await using heard = listening;
  let busy = 0;
  const service = new Service(() => busy);
  const beats = () => heard.messages.filter((message) => message === 'WATCHDOG=1').length;
  await expect.poll(beats).toBeGreaterThan(2);
  busy = LONGEST_PASS;
  let last = -1;
  const goesOn = async () => {
    const before = last;
    await new Promise((resolve) => setTimeout(resolve, 500)); // ten beats, were it alive
    last = beats();
    return last !== before;
  };
  await expect.poll(goesOn).toBe(false);
  busy = 0;
  await expect.poll(beats).toBeGreaterThan(last);
  service.stopping();
});
