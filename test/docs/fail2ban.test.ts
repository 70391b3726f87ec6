// examples/fail2ban with the real fail2ban: a log that somebody fills, a ban, a flood that is dropped, an end.
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import type { Blocks } from '../../src/model/blocks.js';
import { createLab, type Lab } from '../lab.js';
import { background, finish, within } from '../lab/exec.js';
import { ip, macOf } from '../lab/traffic.js';
import { fail2ban } from '../lab/unpacked.js';
import { document, reconcile } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';

const ATTACKER = '198.51.100.7';
const patience = { interval: 250 };

const jail = (name: string, log: string, seconds: number) =>
  `[${name}]\nfilter = login\nlogpath = ${log}\nbantime = ${seconds}\n`;

/** Two jails, each over a log of its own, whose action is the example as it is; `xdpkeep` in it is ours, with the paths of the lab. */
function configure(lab: Lab): { config: string; log: string } {
  const config = join(lab.directory, 'fail2ban');
  const log = join(lab.directory, 'auth.log');
  for (const folder of ['action.d', 'filter.d']) mkdirSync(join(config, folder), { recursive: true });
  cpSync('examples/fail2ban/action.d/xdpkeep.conf', join(config, 'action.d/xdpkeep.conf'));
  for (const one of [log, `${log}.mail`]) writeFileSync(one, '');
  const xdpkeep = join(lab.directory, 'xdpkeep');
  const flags = `--bpffs ${lab.bpffs} --data-dir ${lab.dataDir} --state ${lab.state} --host lab`;
  writeFileSync(
    xdpkeep,
    `#!/bin/sh\nexec ${process.execPath} ${resolve('dist/xdpkeep.js')} "$@" ${flags}\n`,
    {
      mode: 0o755,
    },
  );
  const files = {
    'fail2ban.conf': `[Definition]\nloglevel = INFO\nlogtarget = ${join(lab.directory, 'fail2ban.log')}\nsyslogsocket = auto\nsocket = ${join(lab.directory, 'f2b.sock')}\npidfile = ${join(lab.directory, 'f2b.pid')}\ndbfile = None\n`,
    'filter.d/login.conf': '[Definition]\nfailregex = login failed from <HOST>$\n',
    'jail.conf': `[INCLUDES]\n[DEFAULT]\nenabled = true\nbackend = polling\nmaxretry = 3\nfindtime = 600\nusedns = no\naction = xdpkeep[xdpkeep="${xdpkeep}"]\n${jail('login', log, 600)}${jail('mail', log + '.mail', 60)}`,
  };
  for (const [path, content] of Object.entries(files)) writeFileSync(join(config, path), content);
  return { config, log };
}

async function blocked(lab: Lab): Promise<Blocks['blocks']> {
  return document<Blocks>(await lab.run(['blocks', '--output', 'json']), 0).blocks;
}

function failures(log: string, address: string, count: number): void {
  const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
  appendFileSync(log, `${time} login failed from ${address}\n`.repeat(count));
}

it('a ban is a block that drops the flood, an unban ends it', async () => {
  await using lab = await createLab();
  writePolicy(lab, {
    rules: [{ name: 'telnet', match: { protocol: 'tcp', destinationPort: 23 }, action: 'drop' }],
  });
  await reconcile(lab);
  const { config, log } = configure(lab);
  const env = { TZ: 'UTC' };
  const programs = await fail2ban();
  const start = ['env', ...programs.server, '-f', '-c', config, 'start'];
  const server = background(...within(lab.network.firewall, start), { env });
  const client = (...args: string[]) => finish('env', [...programs.client, '-c', config, ...args], { env });
  try {
    await expect.poll(async () => (await client('status', 'login')).exitCode, patience).toBe(0);
    failures(log, ATTACKER, 3);
    // It is written down before it is in force.
    await expect
      .poll(() => blocked(lab), patience)
      .toMatchObject([{ cidr: ATTACKER, reason: 'fail2ban login', inForce: ['veth0'] }]);
    const [block] = await blocked(lab);
    expect(Date.parse(block?.until ?? '') - Date.parse(block?.since ?? '')).toBe(600_000);

    const destinationMac = await macOf(lab.network.firewall, 'veth0');
    const packet = {
      source: ip(ATTACKER),
      destination: ip('10.77.0.1'),
      destinationMac,
      destinationPort: 80,
    };
    await using flood = await lab.flood({ frames: 100_000, seconds: 600, packets: [packet] });
    const sent = await flood.done();
    expect(sent).toBeGreaterThan(1000);
    await expect.poll(async () => (await counts(lab))['(blocked)'], patience).toBe(sent);

    // A second jail bans it for a shorter time: the longer one holds, and the end of one ban is not that of the other.
    failures(`${log}.mail`, ATTACKER, 3);
    await expect
      .poll(async () => (await blocked(lab)).map(({ owner }) => owner), patience)
      .toEqual(['fail2ban-login', 'fail2ban-mail']);
    await client('set', 'mail', 'unbanip', ATTACKER);
    await expect.poll(() => blocked(lab), patience).toMatchObject([{ owner: 'fail2ban-login' }]);
    await lab.send({ source: ip(ATTACKER), destination: ip('10.77.0.1'), destinationPort: 80 }, 3);
    await expect.poll(async () => (await counts(lab))['(blocked)'], patience).toBe(sent + 3);

    failures(log, '198.51.100.8', 2);
    await client('set', 'login', 'unbanip', ATTACKER);
    await expect.poll(() => blocked(lab), patience).toEqual([]);
  } finally {
    server.kill('SIGTERM');
    await server;
  }
});
