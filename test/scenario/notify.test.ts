// The daemon as a service of Type=notify, and what SIGTERM does in the middle of a change.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { ICMP_DROP, status, writeHost } from '../support/host.js';
import { listenAt } from '../support/service-manager.js';
import { stopAt } from '../support/stopped.js';

const within = { interval: 50 };
const DROP = { veth0: `mode: native, program: ${ICMP_DROP}` };

it('is ready after its first pass, says how things stand, is alive, and says that it stops', async () => {
  await using lab = await createLab();
  writeHost(lab, DROP);
  const socket = join(lab.directory, 'notify');
  await using manager = await listenAt(socket);
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' };
  const daemon = lab.start(['reconcile', '--watch'], { env });
  const said = () => manager.messages.filter((message) => message !== 'WATCHDOG=1');
  await expect.poll(() => said()[0], within).toBe('READY=1\nSTATUS=generation 1: 1 Ready');
  expect((await lab.netShow()).xdp).toHaveLength(1);
  writeHost(lab, { ...DROP, absent0: `program: ${ICMP_DROP}` });
  await expect.poll(() => said().at(-1), within).toMatch(/^STATUS=generation \d: 1 Missing, 1 Ready$/);
  lab.writeState({ 'hosts/lab.yaml': 'nonsense' });
  await expect.poll(() => said().at(-1), within).toMatch(/^STATUS=1 error in the state files$/);
  await expect
    .poll(() => manager.messages.filter((one) => one === 'WATCHDOG=1').length, within)
    .toBeGreaterThan(2);
  daemon.kill('SIGTERM');
  expect(await daemon).toMatchObject({ exitCode: 0 });
  await expect.poll(() => said().at(-1), within).toMatch(/^STOPPING=1\n/);
  expect((await lab.netShow()).xdp).toHaveLength(1);
});

it('SIGTERM in the middle of a step lets it be finished, verified and written down', async () => {
  await using lab = await createLab();
  writeHost(lab, DROP);
  const stopped = await stopAt(lab, 'link:after', {}, ['--watch']);
  process.kill(stopped.pid, 'SIGTERM');
  expect(await stopped.resume()).toMatchObject({ exitCode: 0 });
  expect((await status(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
  const journal = (await lab.run(['journal', 'show'])).stdout;
  expect(journal).toContain('done');
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
});
