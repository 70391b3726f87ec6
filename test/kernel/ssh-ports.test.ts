// On which ports sshd listens, told by what a sandboxed unit may still read. The sockets are made up here; test/system has
// real sshds, and the last test real sockets in real cgroups.
// needs: lab
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { KernelError } from '../../src/model/errors.js';
import { cgroupPaths, listListeners } from '../../src/kernel/listeners.js';
import { findSshPorts, type Host } from '../../src/kernel/ssh-ports.js';
import { UnitFiles } from '../../src/kernel/unit-files.js';

const CGROUPS = [
  '/system.slice/ssh.service',
  '/system.slice/jump.service',
  '/system.slice/web.service',
  '/init.scope',
  '/user.slice/user-0.slice/session-3.scope',
  '/user.slice/user-0.slice/user@0.service/app.slice/web.service',
  '/system.slice/nobody-knows.service',
  '/system.slice/system-ssh.slice/ssh@4.service',
];

const FILES = {
  'lib/ssh.service': '[Service]\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n',
  'lib/ssh@.service': '[Service]\nExecStart=-/usr/sbin/sshd -i\n',
  'lib/ssh.socket': '[Socket]\nListenStream=22\nAccept=yes\n',
  'etc/ssh.socket.d/port.conf': '[Socket]\nListenStream=\nListenStream=0.0.0.0:2022\n',
  'etc/jump.service': '[Service]\nExecStart=/usr/local/bin/something\n',
  'etc/jump.service.d/real.conf':
    '[Service]\nExecStart=\nExecStart=@/opt/openssh/sbin/sshd sshd -f /etc/jump\n',
  'lib/web.service': '[Service]\nExecStart=/usr/sbin/nginx\n',
  'lib/web.socket': '[Socket]\nListenStream=80\n',
  'ssh/sshd_config': '# Port 9\nPort 4022\n',
  'ssh/sshd_config.d/more.conf': 'ListenAddress 192.0.2.1:5022\n',
};

/** Port of a socket that a process holds which may be asked and is not called sshd. */
const SEEN = 9022;

function host(listening: [port: number, cgroup: number | undefined, loopback?: true][], all = false): Host {
  const folder = mkdtempSync(join(tmpdir(), `${inject('run')}-units-`));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(FILES)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return {
    listeners: listening.map(([port, at, loopback = false]) => ({
      port,
      inode: port,
      loopback,
      ...(at !== undefined && { cgroup: BigInt(at) }),
    })),
    processes: { inodes: new Set(all ? [7022] : []), all, others: () => new Set([SEEN]) },
    cgroups: new Map(CGROUPS.map((path, number) => [BigInt(number), path])),
    units: new UnitFiles([join(folder, 'etc'), join(folder, 'lib')]),
    configuration: join(folder, 'ssh'),
  };
}

test.each<
  [what: string, listening: [number, number | undefined, true?][], ports: number[], unknown?: number[]]
>([
  ['the service of the distribution, on a port of its own', [[2222, 0]], [2222]],
  [
    'several',
    [
      [22, 0],
      [2222, 1],
      [80, 2],
    ],
    [22, 2222],
  ],
  [
    'a socket that systemd holds',
    [
      [2022, 3],
      [80, 3],
    ],
    [2022],
  ],
  ['what such a socket has started', [[6010, 7]], [6010]],
  [
    'a port of sshd_config, whoever listens there',
    [
      [4022, 4],
      [5022, 6],
    ],
    [4022, 5022],
  ],
  ['a session, which may be anything', [[3022, 4]], [22], [3022]],
  ['a unit of a user that is called like another one', [[8080, 5]], [22], [8080]],
  ['a unit without a file', [[3022, 6]], [22], [3022]],
  [
    'a cgroup that is nowhere',
    [
      [3022, 99],
      [3023, undefined],
    ],
    [22],
    [3022, 3023],
  ],
  ['a socket of systemd that no unit file names', [[111, 3]], [22], [111]],
  ['what the outside does not reach', [[3022, 4, true]], [22]],
  ['a socket of a process that may be asked', [[SEEN, 99]], [22]],
  [
    'the port of SSH, whoever is there',
    [
      [22, 4],
      [2222, 0],
    ],
    [22, 2222],
  ],
  ['none', [], [22]],
])('hidden processes: %s', (_what, listening, ports, unknown = []) => {
  const found = findSshPorts(host(listening));
  expect([...found.ports]).toEqual(ports);
  expect([...found.unknown.keys()]).toEqual(unknown);
});

test('where all processes can be seen, they say it, and systemd for the sockets that it holds', () => {
  const found = findSshPorts(
    host(
      [
        [7022, 4],
        [3022, 4],
        [2022, 3],
        [4022, 2],
      ],
      true,
    ),
  );
  expect([...found.ports]).toEqual([7022, 2022]);
  expect(found.unknown.size).toBe(0);
});

test('the kernel says who listens, and in which cgroup that began', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const found = listListeners().find((one) => one.port === port);
  expect(found).toMatchObject({ loopback: true, inode: expect.any(Number) as number });
  const cgroup = found?.cgroup ?? 0n;
  expect(cgroupPaths(new Set([cgroup])).get(cgroup)).toMatch(/^\//);
  // A kernel without sock_diag, as in a small guest: the same from /proc/net.
  const { inode } = found ?? {};
  const missing = (): never => {
    throw new KernelError('read a list over netlink', 2, 'ENOENT', 'no such file or directory');
  };
  expect(listListeners(missing)).toContainEqual({ port, inode, loopback: true });
});
