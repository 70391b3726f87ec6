// Sentences and errnos of real drivers (Linux 6.x), and what to do about each.
import { describe, expect, it } from 'vitest';
import { createLink } from '../../src/kernel/attach.js';
import { adviseNative, isDriversRefusal, type Refusal } from '../../src/kernel/native-refusal.js';
import { createLab, type Lab } from '../lab.js';
import { caught } from '../lab/caught.js';
import { loadVerdict } from '../lab/verdict-program.js';

const NIC = { name: 'ens5', driver: 'ena', mtu: 1500, queues: { rx: 8, tx: 8 }, lro: false };
const VETH = { name: 'veth0', driver: 'veth', mtu: 1500 };
const CAPABLE = { native: true, fragments: false };

it.each([
  ...['EINVAL', 'ENOTSUP', 'ENOSPC', 'ERANGE', 'ENOTCONN', 'EIO', 'E2BIG'].map(
    (code) => [code, true] as const,
  ),
  ...['EPERM', 'EACCES', 'EBUSY', 'EEXIST', 'ENODEV', 'ENOMEM'].map((code) => [code, false] as const),
  ...['EMFILE', 'ENFILE', 'EINTR', 'EAGAIN'].map((code) => [code, false] as const),
])('%s is said by the driver: %s', (code, isDrivers) => {
  expect(isDriversRefusal(code)).toBe(isDrivers);
});

it.each<[string, Refusal, RegExp]>([
  [
    'virtio_net, MTU',
    { code: 'EINVAL', said: 'XDP requires single buffer without frags, max mtu 3506' },
    /^Lower its MTU/,
  ],
  [
    'virtio_net, offloads',
    {
      code: 'ENOTSUP',
      said: "Can't set XDP while host is implementing GRO_HW/CSUM, disable GRO_HW/CSUM first",
    },
    /lro off rx-gro-hw off/,
  ],
  ['mlx5, offloads', { code: 'EINVAL', said: 'XDP is not allowed with LRO' }, /lro off/],
  [
    'i40e, MTU',
    { code: 'EINVAL', said: 'MTU is too large for linear frames and XDP prog does not support frags' },
    /^Lower its MTU/,
  ],
  [
    'veth, MTU',
    { code: 'ERANGE', said: 'veth: Peer MTU is too large to set XDP', device: VETH },
    /^Lower the MTU of the other end/,
  ],
  [
    'veth, queues',
    {
      code: 'ENOSPC',
      said: 'veth: XDP expects number of rx queues not less than peer tx queues',
      device: VETH,
    },
    /^Give veth0 as many receive queues/,
  ],
  [
    'veth, alone',
    { code: 'ENOTCONN', said: 'veth: Cannot set XDP when peer is detached', device: VETH },
    /^veth0 has no peer any more/,
  ],
  [
    'no XDP',
    { code: 'ENOTSUP', said: 'Underlying driver does not support XDP in native mode', device: NIC },
    /^The driver ena cannot/,
  ],
  ['ENOSPC alone', { code: 'ENOSPC', device: NIC, features: CAPABLE }, /ethtool -L ens5 combined/],
  [
    'ena, a large MTU alone',
    { code: 'EINVAL', device: { ...NIC, mtu: 9001 }, features: CAPABLE },
    /^Lower its MTU: ip link set ens5/,
  ],
  ['LRO alone', { code: 'ENOTSUP', device: { ...NIC, lro: true }, features: CAPABLE }, /lro off/],
  [
    'features without XDP, and a large MTU',
    { code: 'EINVAL', device: { ...NIC, mtu: 9001 }, features: { native: false, fragments: false } },
    /^The driver ena cannot/,
  ],
  [
    'a sentence that nobody knows',
    { code: 'EINVAL', said: 'the moon is full', device: NIC, features: CAPABLE },
    /may not allow native XDP/,
  ],
  ['nothing at all', { code: 'EINVAL' }, /may not allow native XDP/],
])('%s', (_name, refusal, advice) => {
  expect(adviseNative(refusal)).toMatch(advice);
  expect(adviseNative(refusal)).toContain('Mode generic works everywhere');
});

describe('the kernel at hand', () => {
  async function refused(lab: Lab, name: string): Promise<unknown> {
    using program = loadVerdict('pass');
    const ifindex = await lab.ifindex(name);
    const error = await lab.inside(() => caught(() => createLink(program, ifindex, 'native')));
    expect((await lab.netShow()).xdp, 'the second attempt attached nothing').toEqual([]);
    return error;
  }

  it("veth whose peer's MTU is too large, and how to go on", async () => {
    await using lab = await createLab();
    await lab.execOutside('ip', 'link', 'set', 'peer0', 'mtu', '9000');
    expect(await refused(lab, 'veth0')).toMatchObject({
      code: 'ERANGE',
      message: expect.stringMatching(
        /^attach XDP \(native\) to interface \d+ \(driver veth, MTU 1500, 1 receive and 1 transmit queues\): the kernel says "veth: Peer MTU is too large to set XDP" \(ERANGE\)$/,
      ) as string,
      hint: expect.stringContaining('ip link set PEER mtu 3498') as string,
    });
    await lab.execOutside('ip', 'link', 'set', 'peer0', 'mtu', '3498');
    using program = loadVerdict('pass');
    const ifindex = await lab.ifindex('veth0');
    using link = await lab.inside(() => createLink(program, ifindex, 'native'));
    expect(link.number).toBeGreaterThan(0);
  });

  it('veth whose peer has more transmit queues', async () => {
    await using lab = await createLab();
    await lab.exec(
      ...'ip link add name left numrxqueues 1 numtxqueues 1 type veth peer name right numrxqueues 2 numtxqueues 2'.split(
        ' ',
      ),
    );
    expect(await refused(lab, 'left')).toMatchObject({
      code: 'ENOSPC',
      message: expect.stringContaining('number of rx queues') as string,
      hint: expect.stringContaining('ethtool -L left rx N') as string,
    });
  });

  it('a driver without XDP', async () => {
    await using lab = await createLab();
    await lab.exec('ip', 'link', 'add', 'plain', 'type', 'bridge');
    expect(await refused(lab, 'plain')).toMatchObject({
      code: 'ENOTSUP',
      message: expect.stringContaining('(driver bridge, MTU 1500)') as string,
      hint: expect.stringMatching(
        /^The driver bridge cannot run XDP programs\. Mode generic works/,
      ) as string,
    });
  });
});
