// One run at a time: the others say who is at work and go away, and a killed one leaves no lock behind.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { ICMP_DROP, reconcile, status, writeHost } from '../support/host.js';
import { stopAt } from '../support/stopped.js';

const VETH0 = { veth0: `mode: native, program: ${ICMP_DROP}` };

it('a second run that changes things exits 75 and says who is at work; those that look do not mind', async () => {
  await using lab = await createLab();
  writeHost(lab, VETH0);
  const holder = await stopAt(lab, 'link:after');
  const changing = [
    ['reconcile'],
    ['rollback', '0'],
    ['resume'],
    ['detach', '--all', '--reason', 'try'],
    ['journal', 'repair'],
  ];
  for (const command of changing) {
    const refused = await lab.run(command);
    expect(refused, command.join(' ')).toMatchObject({ exitCode: 75, stdout: '' });
    expect(refused.stderr).toContain(`process ${holder.pid} holds the lock of ${lab.dataDir}`);
    expect(refused.stderr).toContain('help: ');
  }
  expect((await status(lab)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready' }]);
  await reconcile(lab, 0, '--dry-run');
  for (const command of [['history'], ['journal', 'verify'], ['maps']]) {
    expect(await lab.run(command), command.join(' ')).toMatchObject({ exitCode: 0 });
  }

  expect(await holder.resume()).toMatchObject({ exitCode: 0 });
  expect(await reconcile(lab)).toMatchObject({ changed: false, interfaces: [{ condition: 'Ready' }] });
});

it('the lock of a killed run is free at once', async () => {
  await using lab = await createLab();
  writeHost(lab, VETH0);
  const holder = await stopAt(lab, 'pin:before');
  await reconcile(lab, 75);
  await holder.kill();
  expect((await reconcile(lab)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready' }]);
});

it('of many at once one does the work, and whoever comes later finds it done', async () => {
  await using lab = await createLab();
  writeHost(lab, VETH0);
  const runs = [0, 1, 2, 3].map(async (at) => {
    await sleep(at * 40);
    return lab.run(['reconcile', '--output', 'json']);
  });
  const codes = (await Promise.all(runs)).map(({ exitCode }) => exitCode);
  expect(codes).toContain(0);
  expect(codes.filter((code) => code !== 0 && code !== 75)).toEqual([]);
  const { xdp } = await lab.netShow();
  const result = await reconcile(lab);
  expect(result).toMatchObject({ changed: false, generation: 1 });
  expect(xdp).toMatchObject([{ devname: 'veth0', id: result.interfaces[0]?.programId }]);
  expect(await lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
});
