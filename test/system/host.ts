// A host that follows a signed repository, as docs/git.md sets one up, on a machine with the package.
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { policyFile } from '../support/policies.js';
import { Repository } from '../support/repository.js';
import type { Machine } from './machine.js';

const CONFIG = `host: edge-1
source: {git: "ssh://root@127.0.0.1/srv/repository"}
verify:
  allowedSigners: /etc/xdpkeep/allowed-signers
  revoked: /etc/xdpkeep/revoked
`;

/** A minute is long for a test. */
export const SOON = `[Timer]
OnActiveSec=
OnActiveSec=1s
OnUnitInactiveSec=2s
RandomizedDelaySec=0
`;

/** State files whose policy decides over pings. */
export function state(action: 'pass' | 'drop', more = ''): Record<string, string> {
  const host = `apiVersion: xdpkeep/v1\nkind: Host\nname: edge-1\ninterfaces: {"veth*": {policy: edge}}\n${more}`;
  const rules = [{ name: 'ping', match: { protocol: 'icmp' }, action }];
  return { 'state/hosts/edge-1.yaml': host, 'state/policies/edge.yaml': policyFile('edge', { rules }) };
}

/** Everything of it lies on the machine. The first commit drops pings. */
export async function makeSite(machine: Machine): Promise<Repository> {
  mkdirSync(join(machine.root, 'srv'), { recursive: true });
  const repository = await Repository.create(join(machine.root, 'srv'));
  for (const key of ['ada', 'old', 'revoked']) await repository.makeKey(key);
  const signers = repository.allow(
    ['ada@example.org', 'ada'],
    ['old@example.org', 'old', 'valid-before="20250101Z"'],
    ['revoked@example.org', 'revoked'],
  );
  const etc = join(machine.root, 'etc/xdpkeep');
  mkdirSync(etc, { recursive: true });
  copyFileSync(signers, join(etc, 'allowed-signers'));
  copyFileSync(repository.revoke('revoked'), join(etc, 'revoked'));
  // The machine fetches from itself: as one user, with a key that only another may read, from a third.
  await repository.makeKey('deploy');
  mkdirSync(join(etc, 'ssh'), { mode: 0o700 });
  copyFileSync(repository.key('deploy'), join(etc, 'ssh/key'));
  const hostKey = readFileSync(join(machine.root, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8');
  writeFileSync(join(etc, 'ssh/known_hosts'), `127.0.0.1 ${hostKey}`);
  machine.write({ 'root/.ssh/authorized_keys': `${repository.publicKey('deploy')}\n` }, 0o600);
  await repository.commit('drop pings', state('drop'), { key: 'ada' });
  machine.write({
    'etc/xdpkeep/config.yaml': CONFIG,
    'etc/systemd/system/xdpkeep.timer.d/soon.conf': SOON,
  });
  return repository;
}

/** Takes the repository away until it is disposed of: whoever asks for it hears that there is none. */
export function hide({ folder }: Repository): Disposable {
  renameSync(folder, `${folder}.away`);
  return {
    [Symbol.dispose]: () => {
      renameSync(`${folder}.away`, folder);
    },
  };
}

/** Installs a package on the running machine, as an administrator does. */
export async function install(machine: Machine, deb: string): Promise<void> {
  const name = basename(deb);
  copyFileSync(deb, join(machine.root, 'root', name));
  await machine.must('dpkg', '--install', `/root/${name}`);
}

/** One pass of the service now; the exit code of its program. */
export async function pass(machine: Machine): Promise<number> {
  await machine.run('systemctl', 'reset-failed', 'xdpkeep.service');
  await machine.run('systemctl', 'start', 'xdpkeep.service');
  expect(await machine.show('xdpkeep.service', 'ExecMainCode'), 'it has ended').toBe('1');
  return Number(await machine.show('xdpkeep.service', 'ExecMainStatus'));
}
