import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  attachNetlink,
  attachedProgram,
  createLink,
  detachLink,
  detachNetlink,
  swapProgram,
} from '../../src/kernel/attach.js';
import { remove } from '../../src/kernel/bpffs.js';
import { Fd } from '../../src/kernel/fd.js';
import { hasXdpLinks } from '../../src/kernel/features.js';
import type { BpfObject } from '../../src/kernel/object.js';
import { linkInfo, openProgram, pin, programId } from '../../src/kernel/pinned.js';
import type { AttachMode } from '../../src/model/desired.js';
import { caught } from '../lab/caught.js';
import { finish, within } from '../lab/exec.js';
import { loadIcmpDrop } from '../lab/programs.js';
import { createLab } from '../lab.js';

/** A descriptor of its own for the program of an object. */
function program(object: BpfObject): Fd {
  const borrowed = new Fd(object.programFd());
  const own = openProgram(programId(borrowed));
  if (!own) throw new Error('the program is gone');
  return own;
}

function load(): Fd {
  using object = loadIcmpDrop();
  return program(object);
}

test.each([
  ['native', 'driver'],
  ['generic', 'generic'],
] as const)('a link attaches in %s mode, which bpftool calls %s', async (mode, shown) => {
  await using lab = await createLab();
  const ifindex = await lab.ifindex('veth0');
  using drop = load();
  using link = await lab.inside(() => createLink(drop, ifindex, mode));
  expect(linkInfo(link)).toMatchObject({ programId: programId(drop), ifindex });
  expect((await lab.netShow()).xdp).toEqual([
    { devname: 'veth0', ifindex, mode: shown, id: programId(drop) },
  ]);
  expect(await lab.inside(() => attachedProgram(ifindex, mode))).toBe(programId(drop));
  expect(await lab.ping()).toEqual({ sent: 4, received: 0 });
});

test.each([
  ['native', 'generic'],
  ['generic', 'native'],
  ['native', 'native'],
] as const)('a %s link leaves no room for a %s one', async (first, second) => {
  await using lab = await createLab();
  const ifindex = await lab.ifindex('veth0');
  using drop = load();
  using link = await lab.inside(() => createLink(drop, ifindex, first));
  const refusal = await lab.inside(() => caught(() => createLink(drop, ifindex, second)));
  expect(refusal).toMatchObject({ name: 'KernelError', code: first === second ? 'EBUSY' : 'EEXIST' });
  expect(linkInfo(link).ifindex).toBe(ifindex);
});

test.each<[AttachMode, string]>([
  ['native', 'EINVAL'],
  ['offload', 'EINVAL'],
])('attaching to an interface that is not there (%s) says %s', (mode, code) => {
  using drop = load();
  expect(caught(() => createLink(drop, 0x7fffffff, mode))).toMatchObject({ name: 'KernelError', code });
});

test('compare-and-swap: the right old program is replaced, a wrong one is not', async () => {
  await using lab = await createLab();
  const ifindex = await lab.ifindex('veth0');
  using first = load();
  using second = load();
  using third = load();
  using link = await lab.inside(() => createLink(first, ifindex, 'native'));

  expect(
    caught(() => {
      swapProgram(link, third, second);
    }),
  ).toMatchObject({ name: 'KernelError', code: 'EPERM' });
  expect(linkInfo(link).programId).toBe(programId(first));

  swapProgram(link, second, first);
  expect(linkInfo(link).programId).toBe(programId(second));
  expect((await lab.netShow()).xdp).toMatchObject([{ id: programId(second) }]);
});

test('nobody detaches a pinned link; removing its pin does', async () => {
  await using lab = await createLab();
  const ifindex = await lab.ifindex('veth0');
  const path = join(lab.bpffs, 'link');
  {
    using drop = load();
    using link = await lab.inside(() => createLink(drop, ifindex, 'native'));
    pin(link.number, path);
  }
  const stranger = ['bpftool', 'net', 'detach', 'xdpdrv', 'dev', 'veth0'];
  expect((await finish(...within(lab.network.firewall, stranger))).exitCode).not.toBe(0);
  expect((await lab.netShow()).xdp).toHaveLength(1);
  remove(path);
  await expect.poll(async () => (await lab.netShow()).xdp).toEqual([]);
});

test('a detached link is on no interface at once, though it is held', async () => {
  await using lab = await createLab();
  using drop = load();
  const ifindex = await lab.ifindex('veth0');
  using link = await lab.inside(() => createLink(drop, ifindex, 'native'));
  detachLink(link);
  expect(linkInfo(link).ifindex).toBe(0);
  expect((await lab.netShow()).xdp).toEqual([]);
});

test('a link whose interface was deleted is on no interface', async () => {
  await using lab = await createLab();
  using drop = load();
  const ifindex = await lab.ifindex('veth0');
  using link = await lab.inside(() => createLink(drop, ifindex, 'native'));
  await lab.exec('ip', 'link', 'del', 'veth0');
  expect(linkInfo(link)).toMatchObject({ ifindex: 0, programId: programId(drop) });
});

test('a netlink attachment is detached only where it is the one that was seen, and given back', async () => {
  await using lab = await createLab();
  const ifindex = await lab.ifindex('veth0');
  const id = await lab.attachForeign('veth0', 'xdpgeneric');
  using foreign = openProgram(id);
  using other = load();
  if (!foreign) throw new Error('the foreign program is gone');
  await lab.inside(() => {
    const wrong = caught(() => {
      detachNetlink(ifindex, 'generic', other);
    });
    expect(wrong).toMatchObject({ code: 'EEXIST' });
    expect(attachedProgram(ifindex, 'generic')).toBe(id);
    detachNetlink(ifindex, 'generic', foreign);
    expect(attachedProgram(ifindex, 'generic')).toBe(0);
    attachNetlink(ifindex, 'generic', foreign);
    expect(attachedProgram(ifindex, 'generic')).toBe(id);
    const taken = caught(() => {
      attachNetlink(ifindex, 'generic', other);
    });
    expect(taken).toMatchObject({ code: 'EBUSY' });
  });
});

test('this kernel has XDP links', () => {
  expect(hasXdpLinks()).toBe(true);
});

test('a swap that the driver refuses tells the device and what to do, and changes nothing', async () => {
  await using lab = await createLab();
  await lab.execOutside('ip', 'link', 'set', 'peer0', 'mtu', '9000');
  const ifindex = await lab.ifindex('veth0');
  using large = loadIcmpDrop('xdp.frags');
  using small = load();
  await lab.inside(() => {
    using taken = program(large);
    using link = createLink(taken, ifindex, 'native');
    const refusal = caught(() => {
      swapProgram(link, small, taken);
    });
    expect(refusal).toMatchObject({
      code: 'ERANGE',
      message: expect.stringMatching(
        /^swap the program of a link \(driver veth, MTU 1500, .*ERANGE/,
      ) as string,
      hint: expect.stringMatching(/^What runs keeps running\. Lower the MTU .*xdp\.frags/) as string,
    });
    expect(linkInfo(link).programId).toBe(programId(taken));
  });
});

test.each(['native', 'generic'] as const)(
  'below a program nobody attaches (%s), and why is said',
  async (mode) => {
    await using lab = await createLab();
    await lab.exec('ip', 'link', 'add', 'br0', 'type', 'bridge');
    await lab.exec('ip', 'link', 'set', 'veth0', 'master', 'br0');
    const [port, bridge] = [await lab.ifindex('veth0'), await lab.ifindex('br0')];
    using drop = load();
    await lab.inside(() => {
      using _above = createLink(drop, bridge, 'generic');
      expect(caught(() => createLink(drop, port, mode))).toMatchObject({
        code: 'EEXIST',
        message: expect.stringContaining(
          'Cannot attach when an upper device already has a program',
        ) as string,
        hint: expect.stringContaining('An interface above it (bridge, bond, VLAN) has a program') as string,
      });
      expect(attachedProgram(port, mode)).toBe(0);
    });
  },
);
