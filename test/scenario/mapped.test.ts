// A block of an IPv4-mapped address, as fail2ban finds it in the log of an IPv6 socket, holds the IPv4 peer back.
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { document, reconcile } from '../support/host.js';
import { writePolicy } from '../support/policies.js';

it('block and unblock of a mapped address are about the IPv4 one, and say so; a list with it drops', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [] });
  await reconcile(lab);
  const mapped = '::ffff:10.77.0.2';
  const blocked = await lab.run(['block', mapped, '--for', '5m', '--reason', 'r', '--output', 'json']);
  expect(document(blocked, 0)).toMatchObject({
    block: { cidr: '10.77.0.2' },
    warnings: [`${mapped} is IPv4-mapped, and is taken for 10.77.0.2`],
  });
  expect((await lab.ping(1)).received).toBe(0);
  expect((await lab.run(['unblock', mapped])).stdout).toContain('10.77.0.2');
  expect((await lab.ping(1)).received).toBe(1);

  lab.writeState({ 'lists/bad.txt': `${mapped}\n` });
  writePolicy(lab, { rules: [{ name: 'bad', match: { source: { list: 'bad' } }, action: 'drop' }] });
  expect((await reconcile(lab)).warnings).toEqual([expect.stringContaining('IPv4-mapped')]);
  expect((await lab.ping(1)).received).toBe(0);
  const before = await lab.run(['explain', 'veth0', `{source: "${mapped}"}`]);
  expect([before.exitCode, before.stderr]).toEqual([64, expect.stringContaining('Write 10.77.0.2')]);
});
