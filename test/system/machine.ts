// A machine with a real systemd: a layer over a Debian root, booted by systemd-nspawn in the firewall's namespace of a lab.
// It sees the devices of that namespace, so its udev and its units meet interfaces as on any host. A reboot takes its
// processes, and with a new bpffs everything that was pinned.
// needs: debian lab node-lts
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, inject, vi } from 'vitest';
import { type Background, finish, type Finished, must, owned } from '../lab/exec.js';
import { createLab, type Lab } from '../lab.js';
import { madeOnce } from '../lab/made-once.js';
import { opens } from '../lab/open.js';
import { endIn } from '../lab/residue.js';

/** Seconds are nothing on a busy machine. */
export const PATIENT = { timeout: 90_000, interval: 250 };
const BOOT = { timeout: 120_000, interval: 250 };

/** PID 1 of the container until systemd takes its place. */
const INIT = `#!/bin/sh
mkdir -p /run/keep
mount --rbind /sys/fs/cgroup /run/keep
mount -t sysfs sysfs /sys
mount --rbind /run/keep /sys/fs/cgroup
umount -l /run/keep
mount --bind /mnt/bpf /sys/fs/bpf
# Without it systemd would not listen to udev, which is about to be started: /dev is no devtmpfs here.
mkdir -p /run/udev && touch /run/udev/control
exec /lib/systemd/systemd
`;

const FILES = {
  'root/init': INIT,
  // The other devices are those of the machine that runs the tests.
  'etc/systemd/system/systemd-udev-trigger.service.d/network.conf':
    '[Service]\nExecStart=\nExecStart=udevadm trigger --type=devices --action=add --subsystem-match=net\n',
  'etc/systemd/network/veth0.network': '[Match]\nName=veth0\n[Network]\nAddress=10.77.0.1/24\n',
  'etc/hostname': 'edge-1\n',
};

export class Machine implements AsyncDisposable {
  #running: Background | undefined;
  #down: Promise<void> | undefined;
  readonly #closed = opens('a machine', () => this[Symbol.asyncDispose]());
  /** Its PID 1, as this machine numbers it. */
  #leader = 0;

  private constructor(
    readonly lab: Lab,
    private readonly folder: string,
  ) {}

  /** Not booted yet. */
  static async create(): Promise<Machine> {
    const lab = await createLab();
    const folder = mkdtempSync(join(tmpdir(), `${inject('run')}-machine-`));
    const machine = new Machine(lab, folder);
    try {
      const base = await madeOnce('root.sh');
      for (const name of ['upper', 'work', 'root']) mkdirSync(join(folder, name));
      const layers = `lowerdir=${base},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`;
      await must('mount', ['-t', 'overlay', 'overlay', '-o', layers, machine.root]);
      machine.write(FILES, 0o755);
      mkdirSync(join(machine.root, 'mnt/bpf'), { recursive: true });
      await must('systemctl', ['--root', machine.root, 'enable', 'systemd-networkd.service']);
      await machine.#plugFirst();
      return machine;
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  get root(): string {
    return join(this.folder, 'root');
  }

  /** What was written since it was made. */
  get layer(): string {
    return join(this.folder, 'upper');
  }

  write(files: Record<string, string>, mode = 0o644): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), content, { mode });
    }
  }

  /** Until systemd says that everything is up. `veth0` is there from the beginning, down and without an address. */
  async boot(): Promise<void> {
    const { firewall } = this.lab.network;
    this.#running = owned(
      'systemd-nspawn',
      [
        ...['--quiet', '--register=no', '--keep-unit', '--link-journal=no', '--console=pipe'],
        ...['--resolv-conf=off', '--timezone=off', '--hostname=edge-1', `--machine=${firewall}`],
        ...['--capability=all', '--drop-capability=CAP_SYS_MODULE,CAP_SYS_RAWIO,CAP_SYS_TIME'],
        ...[
          '--system-call-filter=bpf landlock_create_ruleset landlock_add_rule landlock_restrict_self',
          `--bind=${this.lab.bpffs}:/mnt/bpf`,
        ],
        ...[`--network-namespace-path=/var/run/netns/${firewall}`, `--directory=${this.root}`, '/root/init'],
      ],
      { timeout: 900_000, env: { SYSTEMD_NSPAWN_LOCK: '0' } },
    );
    const { pid = 0 } = this.#running;
    await vi.waitUntil(() => (this.#leader = initOf(pid)) > 0, BOOT);
    const state = async () => (await this.run('systemctl', 'is-system-running')).stdout;
    await vi.waitUntil(async () => /^(running|degraded)$/.test(await state()), BOOT);
    expect((await this.run('systemctl', '--failed', '--plain', '--no-legend')).stdout).toBe('');
  }

  /** What the kernel held is gone as well, and so is what `veth0` was told. */
  async powerOff(): Promise<void> {
    await this.run('systemctl', 'poweroff');
    await this.#end();
    await must('umount', [this.lab.bpffs]);
    await must('mount', ['-t', 'bpf', 'bpf', this.lab.bpffs]);
    await this.#plugFirst();
  }

  /** As root on this machine. */
  run(...command: string[]): Promise<Finished> {
    const target = ['-t', String(this.#leader), '-m', '-u', '-i', '-n', '-p', '-C'];
    return finish('nsenter', [...target, '--', ...command], { timeout: 120_000, cwd: '/' });
  }

  /** Its stdout; anything but exit 0 throws. */
  async must(...command: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(...command);
    if (exitCode === 0) return stdout;
    throw new Error(`${command.join(' ')}: exit ${exitCode ?? 'none'}\n${stderr || stdout}`);
  }

  /** A property of a unit. */
  show(unit: string, property: string): Promise<string> {
    return this.must('systemctl', 'show', '--value', '-p', property, unit);
  }

  /** What a unit said since the boot. */
  log(unit: string): Promise<string> {
    return this.must('journalctl', '--no-pager', '-o', 'cat', '-u', unit);
  }

  async #plugFirst(): Promise<void> {
    const { firewall, outside } = this.lab.network;
    const { name, peer, peerAddress } = this.lab.pair('veth0');
    await finish('ip', ['-n', firewall, 'link', 'delete', name]);
    await must('ip', [
      '-n',
      firewall,
      'link',
      'add',
      name,
      'type',
      'veth',
      'peer',
      'name',
      peer,
      'netns',
      outside,
    ]);
    await must('ip', ['-n', outside, 'address', 'add', `${peerAddress}/24`, 'dev', peer]);
    await must('ip', ['-n', outside, 'link', 'set', peer, 'up']);
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    const limit = setTimeout(() => running.kill('SIGKILL'), 60_000);
    await running;
    clearTimeout(limit);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#down ??= this.#takeDown().finally(this.#closed));
  }

  async #takeDown(): Promise<void> {
    try {
      this.#running?.kill('SIGKILL');
      await vi.waitUntil(() => killAll(this.lab.network.firewall), PATIENT);
      await this.#end();
      await finish('umount', ['--recursive', this.root]);
      rmSync(this.folder, { recursive: true });
    } finally {
      await this.lab[Symbol.asyncDispose]();
    }
  }
}

/** Its PID 1, which takes all others with it, does not always end with systemd-nspawn. Whether nothing is left. */
async function killAll(namespace: string): Promise<boolean> {
  return (await endIn(namespace)).length === 0;
}

/** PID 1 of the container that a systemd-nspawn runs, which is not its first child; 0 while there is none. */
function initOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(children.find(isInit) ?? 0);
}

function isInit(pid: string): boolean {
  try {
    return /^NSpid:(\t\d+)+\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false; // it has ended meanwhile
  }
}
