// One package and one config file on a real systemd: the host follows its repository, comes back filtered from a reboot,
// and keeps what is attached until it is purged. The tests go on from one another, on one machine.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Status } from '../../src/model/status.js';
import { background, must, within } from '../lab/exec.js';
import type { Repository } from '../support/repository.js';
import { makePackage } from './deb.js';
import { policyFile } from '../support/policies.js';
import { HOSTILE_COMMAND, HOSTILE_ROOT, OPEN_OUTSIDE } from './hostile.js';
import { hide, install, makeSite, pass, SOON, state } from './host.js';
import { Machine, PATIENT } from './machine.js';

const UNITS = ['xdpkeep.service', 'xdpkeep-boot.service', 'xdpkeep-watch.service', 'xdpkeep-fetch.service'];
const TEMPLATES = ['xdpkeep-deadline@.service', 'xdpkeep-interface@.service'];
const TIMER = 'xdpkeep.timer';

let machine: Machine;
let repository: Repository;
let deb: string;

beforeAll(async () => {
  machine = await Machine.create();
  deb = await makePackage(machine.lab.directory);
  repository = await makeSite(machine);
  await machine.boot();
}, 1_200_000);
afterAll(() => machine[Symbol.asyncDispose](), 120_000);

const answered = async () => (await machine.lab.ping(1)).received;

async function status(): Promise<Status> {
  return JSON.parse(await machine.must('xdpkeep', 'status', '--output', 'json')) as Status;
}

/** What decides over veth0: the program, and the link that holds it. */
async function attachment() {
  const { interfaces } = await status();
  const { programId, linkId } = interfaces.find(({ name }) => name === 'veth0') ?? {};
  return { programId, linkId };
}

async function settle(commit: Promise<string>, answers: 0 | 1): Promise<void> {
  const name = await commit;
  const applied = async () => (await status()).revision?.commit;
  await expect.poll(applied, PATIENT).toBe(name);
  await expect.poll(answered, PATIENT).toBe(answers);
}

it('an installation is all: the timer applies the signed commit', async () => {
  expect(await machine.lab.ping(2)).toMatchObject({ received: 2 });
  await install(machine, deb);
  await settle(repository.head(), 0);
  expect(await status()).toMatchObject({
    revision: { subject: 'drop pings', signer: { principal: 'ada@example.org' } },
    interfaces: [{ name: 'veth0', condition: 'Ready' }],
  });
});

it('the next signed commit changes the firewall within the interval', async () => {
  await settle(repository.commit('let pings in', state('pass'), { key: 'ada' }), 1);
  await settle(repository.commit('drop pings again', state('drop'), { key: 'ada' }), 0);
});

it.each([
  ['is not signed', {}],
  ['is revoked', { key: 'revoked' }],
  [
    'was signed by a key that has expired, and says that it is older',
    { key: 'old', date: '2024-01-01T00:00:00Z' },
  ],
])('a commit that %s changes nothing', async (_what, author) => {
  await machine.must('systemctl', 'stop', TIMER);
  const before = await attachment();
  const good = await repository.head();
  const bad = await repository.commit('let everything in', state('pass'), author);
  expect(await pass(machine)).toBe(77);
  expect(await machine.log('xdpkeep.service')).toContain(`commit ${bad.slice(0, 12)} "let everything in"`);
  expect(await attachment()).toEqual(before);
  expect(await answered()).toBe(0);
  await repository.git('reset', '--quiet', '--hard', good);
  expect(await pass(machine)).toBe(0);
});

it('drift is healed though the repository is gone', async () => {
  using away = hide(repository);
  await machine.must('rm', '-r', '/sys/fs/bpf/xdpkeep');
  await expect.poll(answered, PATIENT).toBe(1);
  expect(await pass(machine)).toBe(0);
  expect(await answered()).toBe(0);
  expect(await machine.log('xdpkeep.service')).toContain('SourceStale');
});

it('a change that nobody confirms is undone by a unit that waits, though the one that made it has ended', async () => {
  await repository.commit('let pings in, on trial', state('pass', 'confirm: 10s\n'), { key: 'ada' });
  expect(await pass(machine), await machine.log('xdpkeep.service')).toBe(0);
  expect(await answered()).toBe(1);
  const waiting = ['list-units', '--plain', '--no-legend', '--state=active', 'xdpkeep-deadline@*.service'];
  expect(await machine.must('systemctl', ...waiting)).toContain('xdpkeep-deadline@');
  await expect.poll(answered, PATIENT).toBe(0);
  await expect
    .poll(async () => (await status()).hold, PATIENT)
    .toMatchObject({ generation: expect.any(Number) as number });
  await repository.commit('drop pings, as before', state('drop'), { key: 'ada' });
  expect(await pass(machine)).toBe(0);
});

it('probes that the sandbox would keep in refuse the change', async () => {
  const probes = 'probes: [{ping: 10.77.0.2}]\n';
  await repository.commit('let pings in, with a probe', state('pass', probes), { key: 'ada' });
  expect(await pass(machine)).toBe(78);
  expect(await machine.log('xdpkeep.service')).toContain('this process may not use the network');
  expect(await answered()).toBe(0);
  await repository.commit('drop pings, as before', state('drop'), { key: 'ada' });
  expect(await pass(machine)).toBe(0);
});

it('a hostile command of a probe gets nowhere, and is not run before the host allows it', async () => {
  machine.write({ 'usr/local/bin/hostile': HOSTILE_COMMAND }, 0o755);
  const probes = 'probes: [{exec: [/usr/local/bin/hostile], timeout: 20s, tries: 1}]\n';
  await repository.commit('let pings in, with a command', state('pass', probes), { key: 'ada' });
  expect(await pass(machine)).toBe(77);
  expect(await machine.log('xdpkeep.service')).toContain('Add the line `probes: {exec: allow}`');
  expect(await answered()).toBe(0);
  await machine.must('sh', '-c', "echo 'probes: {exec: allow}' >> /etc/xdpkeep/config.yaml");
  expect(await pass(machine), await machine.log('xdpkeep.service')).toBe(0);
  expect(await machine.log('xdpkeep.service')).toContain('exec /usr/local/bin/hostile: holds');
  expect(existsSync(join(machine.root, 'etc/planted'))).toBe(false);
  await repository.commit('drop pings, as before', state('drop'), { key: 'ada' });
  expect(await pass(machine)).toBe(0);
});

it.each(['xdpkeep.service', 'xdpkeep-boot.service'])(
  'a hostile program that is root in %s does not get out of it',
  async (unit) => {
    machine.write({ 'usr/local/bin/hostile-root': HOSTILE_ROOT }, 0o755);
    const outside = (await machine.run('/usr/local/bin/hostile-root')).stdout.split('\n');
    expect(outside).toEqual(expect.arrayContaining(OPEN_OUTSIDE));
    await machine.run('rm', '-f', '/etc/planted', '/usr/planted', '/var/lib/planted');
    const command = '/bin/sh -c "/usr/local/bin/hostile-root > /var/lib/xdpkeep/got"';
    await machine.run('systemctl', 'stop', unit);
    await dropIn(unit, `[Service]\nExecStart=\nExecStart=${command}\n`);
    await machine.must('systemctl', 'start', unit);
    expect(await machine.must('cat', '/var/lib/xdpkeep/got')).toBe('began\nended');
    await machine.must('rm', '/var/lib/xdpkeep/got', `/run/systemd/system/${unit}.d/test.conf`);
    await machine.must('systemctl', 'daemon-reload');
    await machine.run('systemctl', 'stop', unit);
  },
);

it('an sshd on a port of its own is not cut off, though the unit sees no other process', async () => {
  machine.write({ 'etc/ssh/sshd_config.d/port.conf': 'Port 22\nPort 2222\nLoginGraceTime 600\n' });
  await machine.must('systemctl', 'restart', 'ssh.service');
  const port = { match: { protocol: 'tcp', destinationPort: 2222 }, action: 'drop', name: 'no-ssh' };
  const bad = state('drop');
  bad['state/policies/edge.yaml'] = policyFile('edge', { rules: [port] });
  const speak = 'exec 3<>/dev/tcp/10.77.0.1/2222; head -n 1 <&3; sleep 600';
  const session = background(...within(machine.lab.network.outside, ['bash', '-c', speak]));
  const connected = () => machine.must('ss', '-Htn', 'state', 'established', 'sport = :2222');
  await expect.poll(connected, PATIENT).toContain('10.77.0.2');
  await repository.commit('drop a port that sshd listens on', bad, { key: 'ada' });
  expect(await pass(machine)).toBe(14);
  expect(await machine.log('xdpkeep.service')).toContain(
    'the SSH connection from 10.77.0.2, dropped by no-ssh',
  );
  session.kill('SIGKILL');
  await repository.commit('drop pings, as before', state('drop'), { key: 'ada' });
  expect(await pass(machine)).toBe(0);
});

it('stopping units detaches nothing', async () => {
  const before = await attachment();
  await machine.must('systemctl', 'start', 'xdpkeep-boot.service');
  await machine.must('systemctl', 'stop', TIMER, ...UNITS);
  expect(await attachment()).toEqual(before);
  expect(await answered()).toBe(0);
});

/** A drop-in that a reboot takes away. */
async function dropIn(unit: string, text: string): Promise<void> {
  const folder = `/run/systemd/system/${unit}.d`;
  await machine.must('sh', '-c', `mkdir -p ${folder} && printf %s '${text}' > ${folder}/test.conf`);
  await machine.must('systemctl', 'daemon-reload');
}

it('the unit that stays applies what another one fetches', async () => {
  const page = (address: string) => `[Service]\nEnvironment=XDPKEEP_HTTP=${address}\n`;
  await dropIn('xdpkeep-fetch.timer', SOON);
  await dropIn('xdpkeep-watch.service', page('unix:/run/xdpkeep/page'));
  const started = await machine.run('systemctl', 'start', 'xdpkeep-watch.service');
  expect(started.exitCode, await machine.log('xdpkeep-watch.service')).toBe(0);
  await settle(repository.commit('let pings in', state('pass'), { key: 'ada' }), 1);
  await settle(repository.commit('drop pings again', state('drop'), { key: 'ada' }), 0);
  const ask = `require('node:http').get({ socketPath: '/run/xdpkeep/page', path: '/metrics' }, (answer) => answer.pipe(process.stdout))`;
  expect(await machine.must('/usr/lib/xdpkeep/node', '-e', ask)).toContain('xdpkeep_up 1');
  await machine.must('systemctl', 'stop', 'xdpkeep-watch.service');
  expect(await machine.show('xdpkeep-fetch.timer', 'ActiveState')).toBe('inactive');
  expect(await answered()).toBe(0);

  await dropIn('xdpkeep-watch.service', page('127.0.0.1:9470'));
  await machine.run('systemctl', 'start', 'xdpkeep-watch.service');
  expect(await machine.log('xdpkeep-watch.service')).toContain('Its unit has no network');
  await machine.must('systemctl', 'stop', 'xdpkeep-watch.service');
});

it('what changes the kernel is sandboxed, and what fetches may nothing', async () => {
  for (const unit of [...UNITS, ...TEMPLATES]) {
    const threshold = unit === 'xdpkeep-fetch.service' ? 15 : 25;
    const asked = ['security', '--offline=yes', '--no-pager', `--threshold=${threshold}`, unit];
    const { exitCode, stdout } = await machine.run('systemd-analyze', ...asked);
    expect(exitCode, stdout).toBe(0);
  }
  const capabilities = await machine.show('xdpkeep-fetch.service', 'CapabilityBoundingSet');
  expect(capabilities).toBe('');
});

it('an interface that comes late gets what it had last', async () => {
  await machine.lab.addPair(1);
  await expect.poll(async () => (await machine.lab.ping(1, 'veth1')).received, PATIENT).toBe(0);
  expect((await machine.lab.netShow()).xdp.map(({ devname }) => devname).sort()).toEqual(['veth0', 'veth1']);
});

it('an upgrade swaps nothing and restarts nothing', async () => {
  const before = await attachment();
  const folder = join(machine.lab.directory, 'upgrade');
  await must('dpkg-deb', ['--raw-extract', deb, folder]);
  await must('sed', ['-i', 's/^Version: .*/&+next/', join(folder, 'DEBIAN/control')]);
  const next = join(machine.lab.directory, 'next.deb');
  await must('dpkg-deb', ['--root-owner-group', '-Znone', '--build', folder, next]);
  await install(machine, next);
  expect(await machine.must('dpkg-query', '--show', '--showformat=${Version}', 'xdpkeep')).toContain('+next');
  expect(await machine.must('systemctl', 'is-enabled', TIMER)).toBe('enabled');
  expect(await machine.show(TIMER, 'ActiveState')).toBe('inactive');
  expect(await attachment()).toEqual(before);
});

it('a reboot: what was confirmed runs before the network is up', async () => {
  await machine.powerOff();
  expect((await machine.lab.netShow()).xdp).toEqual([]);
  using away = hide(repository); // nothing but the machine itself is needed
  const pings = background(...within(machine.lab.network.outside, ['ping', '-n', '-i', '0.05', '10.77.0.1']));
  await machine.boot();
  // It is reachable, and was so for a while.
  expect(await machine.lab.connect(9)).toBe('refused');
  pings.kill('SIGINT');
  const { stdout } = await pings;
  expect(stdout).toMatch(/[1-9]\d+ packets transmitted, 0 received/);
  const times = await Promise.all([
    machine.show('xdpkeep-boot.service', 'ExecMainExitTimestampMonotonic'),
    machine.show('network-pre.target', 'ActiveEnterTimestampMonotonic'),
    machine.show('systemd-networkd.service', 'ExecMainStartTimestampMonotonic'),
  ]);
  const [restored = 0, before = 0, network = 0] = times.map(Number);
  expect(restored).toBeGreaterThan(0);
  expect(before).toBeGreaterThan(restored);
  expect(network).toBeGreaterThan(restored);
  expect(await machine.log('xdpkeep-boot.service')).toContain('veth0: attach');
});

it('removal keeps what is attached, and purge leaves nothing', async () => {
  const { programId } = await attachment();
  await machine.must('dpkg', '--remove', 'xdpkeep');
  const { xdp } = await machine.lab.netShow();
  expect(xdp.find(({ devname }) => devname === 'veth0')?.id).toBe(programId);
  expect(await answered()).toBe(0);
  await machine.must('dpkg', '--purge', 'xdpkeep');
  expect(readdirSync(machine.lab.bpffs)).not.toContain('xdpkeep');
  await expect.poll(answered, PATIENT).toBe(1);
  const left = readdirSync(machine.layer, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.includes('xdpkeep') && existsSync(join(machine.root, path)),
  );
  expect(left.filter((path) => !/^(root|tmp)\//.test(path))).toEqual([
    'etc/systemd/system/xdpkeep.timer.d', // an administrator's
    'etc/systemd/system/xdpkeep.timer.d/soon.conf',
  ]);
});

it('removal detaches where that was asked for', async () => {
  const files = Object.entries(state('drop')).map(([path, text]) => [`etc/xdpkeep/${path}`, text]);
  machine.write(
    Object.fromEntries([...files, ['etc/xdpkeep/config.yaml', 'host: edge-1\n']]) as Record<string, string>,
  );
  await install(machine, deb);
  await expect.poll(answered, PATIENT).toBe(0); // from a directory this time: no repository is configured
  await machine.must('env', 'XDPKEEP_DETACH_ON_REMOVE=yes', 'dpkg', '--remove', 'xdpkeep');
  expect((await machine.lab.netShow()).xdp).toEqual([]);
  expect(readdirSync(machine.lab.bpffs)).not.toContain('xdpkeep');
});
