// A process of the old build that stays: it goes on while its files are replaced, and the new one takes its place.
import { expect, it } from 'vitest';
import { hostFile } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';
import { createOldLab, install, links, LONG } from './installed.js';
import { Traffic } from './traffic.js';

const edge = (...more: object[]) => ({
  'policies/edge.yaml': policyFile('edge', {
    rules: [{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }, ...more],
  }),
});

it('the old process ends, the new one begins, and nothing of it is noticed', { timeout: LONG }, async () => {
  await using lab = await createOldLab();
  lab.writeState({ 'hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: edge' }), ...edge() });
  const old = lab.start(['reconcile', '--watch']);
  const patient = { timeout: 60_000, interval: 100 };
  await expect.poll(() => links(lab), patient).toHaveProperty('veth0');
  await expect.poll(async () => (await lab.ping(1)).received, patient).toBe(0);
  const before = await links(lab);

  await using traffic = await Traffic.flow(lab);
  await install(lab, 'new');
  old.kill('SIGTERM');
  expect(await old).toMatchObject({ exitCode: 0 });
  const next = lab.start(['reconcile', '--watch']);
  const udp = { name: 'udp', match: { protocol: 'udp', destinationPort: 9 }, action: 'drop' };
  lab.writeState(edge(udp));
  const rows = async () => counts(lab);
  await expect.poll(rows, patient).toHaveProperty('udp');
  next.kill('SIGTERM');
  expect(await next).toMatchObject({ exitCode: 0 });
  await traffic.unbroken();
  expect(await links(lab)).toEqual(before);
});
