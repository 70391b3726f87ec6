// A virtual machine with a kernel of Debian, in software emulation: any machine can run it, slowly. Its only network card
// is a virtio one, whose other end is a tap device in the world outside of a lab. Commands go over its serial line.
// needs: debian lab node-lts qemu
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Listening, listening, must, within } from '../lab/exec.js';
import type { Lab } from '../lab.js';

const TAP = 'tap0';

export class Guest implements AsyncDisposable {
  readonly #lines;

  private constructor(
    readonly lab: Lab,
    private readonly machine: Listening,
  ) {
    const { stdout } = machine;
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /**
   * Booted with the kernel of that Debian and the content of this package, and with the lab's outside end of the line at `address`/24.
   */
  static async boot(deb: string, lab: Lab, address: string, suite = 'bookworm'): Promise<Guest> {
    const folder = join(lab.directory, 'guest');
    await must('bash', ['scripts/test/guest.sh', deb, folder, suite], { timeout: 600_000 });
    const { outside } = lab.network;
    await must('ip', ['-n', outside, 'tuntap', 'add', TAP, 'mode', 'tap']);
    await must('ip', ['-n', outside, 'address', 'add', `${address}/24`, 'dev', TAP]);
    await must('ip', ['-n', outside, 'link', 'set', TAP, 'up']);
    const qemu = [
      'qemu-system-x86_64',
      ...['-machine', 'q35,accel=tcg', '-cpu', 'max', '-m', '1024', '-nodefaults', '-no-reboot'],
      ...['-display', 'none', '-serial', 'stdio', '-kernel', join(folder, 'vmlinuz')],
      ...['-initrd', join(folder, 'initramfs'), '-append', 'console=ttyS0 quiet panic=-1'],
      ...['-netdev', `tap,id=line,ifname=${TAP},script=no,downscript=no`, '-device', CARD],
    ];
    const guest = new Guest(lab, listening(...within(outside, qemu)));
    await guest.#hear(/^guest: ready/);
    return guest;
  }

  /** A line for its shell: what it says, which must not fail. */
  async must(line: string): Promise<string> {
    this.machine.stdin.write(`${line}\n`);
    const { said, end } = await this.#hear(/^guest: exit (\d+)/);
    if (end[1] === '0') return said.join('\n');
    throw new Error(`${line}: exit ${end[1] ?? ''}\n${said.join('\n')}`);
  }

  /** Makes a file of this text. */
  async write(path: string, text: string): Promise<void> {
    for (const line of writing(path, text)) await this.must(line);
  }

  async #hear(wanted: RegExp): Promise<{ said: string[]; end: RegExpExecArray }> {
    const said: string[] = [];
    for (;;) {
      const next: IteratorResult<string, undefined> = await this.#lines.next();
      if (next.done === true) throw new Error(`the guest ended:\n${said.join('\n')}`);
      const line = next.value.trimEnd();
      const end = wanted.exec(line);
      if (end) return { said, end };
      said.push(line);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.machine.kill('SIGKILL');
    await this.machine;
  }
}

/** virtio_net takes no XDP program beside offloads that merge packets: drivers/net/virtio_net.c. */
const CARD = 'virtio-net-pci,netdev=line,mq=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off';

/** Lines for a shell without quotes of its own to worry about, none too long for a terminal. */
function writing(path: string, text: string): string[] {
  const pieces =
    Buffer.from(text)
      .toString('base64')
      .match(/.{1,2000}/g) ?? [];
  return [
    `mkdir -p ${path.slice(0, path.lastIndexOf('/'))}; rm -f ${path}.64`,
    ...pieces.map((piece) => `echo ${piece} >> ${path}.64`),
    `base64 -d ${path}.64 > ${path}; rm ${path}.64`,
  ];
}
