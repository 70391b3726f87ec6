// What interfaces are made of, in the namespace of this process alone.
import { expect, it } from 'vitest';
import { describeDevice } from '../../src/kernel/device.js';
import { xdpFeatures } from '../../src/kernel/netdev.js';
import { createLab } from '../lab.js';

it('tells driver, MTU, queues and offloads', async () => {
  await using lab = await createLab();
  const command =
    'ip link add wide mtu 3000 numrxqueues 3 numtxqueues 2 type veth peer name narrow numrxqueues 1 numtxqueues 1';
  await lab.exec(...command.split(' '));
  const [wide, narrow] = [await lab.ifindex('wide'), await lab.ifindex('narrow')];
  expect(await lab.inside(() => describeDevice(wide))).toEqual({
    name: 'wide',
    driver: 'veth',
    mtu: 3000,
    queues: { rx: 3, tx: 2 },
    lro: false,
    hidesTags: true,
  });
  expect(await lab.inside(() => describeDevice(narrow))).toMatchObject({ queues: { rx: 1, tx: 1 } });
  expect(describeDevice(wide)?.name).not.toBe('wide');
  expect(describeDevice(0x7fffffff)).toBeUndefined();
});

it('tells what a driver can do with XDP', async () => {
  await using lab = await createLab();
  await lab.exec('ip', 'link', 'add', 'plain', 'type', 'bridge');
  const [veth0, plain] = [await lab.ifindex('veth0'), await lab.ifindex('plain')];
  expect(await lab.inside(() => xdpFeatures(veth0))).toMatchObject({ native: true });
  expect(await lab.inside(() => xdpFeatures(plain))).toEqual({ native: false, fragments: false });
  expect(xdpFeatures(0x7fffffff)).toBeUndefined();
});
