// Where a packet for an interface comes in, by how interfaces are built upon each other.
import { expect, it } from 'vitest';
import type { Link } from '../../src/kernel/rtnetlink.js';
import { Topology } from '../../src/reach/topology.js';

const SHAPES: Omit<Link, 'mtu' | 'type'>[] = [
  { ifindex: 1, name: 'lo', loopback: true },
  { ifindex: 2, name: 'eth0', loopback: false, master: 4 },
  { ifindex: 3, name: 'eth1', loopback: false, master: 4 },
  { ifindex: 4, name: 'bond0', loopback: false, kind: 'bond' },
  { ifindex: 5, name: 'bond0.10', loopback: false, kind: 'vlan', parent: 4, vlan: 10, master: 6 },
  { ifindex: 6, name: 'br0', loopback: false, kind: 'bridge' },
  { ifindex: 7, name: 'tap0', loopback: false, kind: 'tun', master: 6 },
  { ifindex: 8, name: 'bond0.10.20', loopback: false, kind: 'vlan', parent: 5, vlan: 20 },
  { ifindex: 9, name: 'deep', loopback: false, kind: 'vlan', parent: 8, vlan: 30 },
  { ifindex: 10, name: 'dum0', loopback: false, kind: 'dummy' },
  { ifindex: 11, name: 'veth0', loopback: false, kind: 'veth', parent: 12 },
  { ifindex: 12, name: 'peer0', loopback: false, kind: 'veth', parent: 11 },
];
const LINKS: Link[] = SHAPES.map((one) => ({ mtu: 1500, type: 1, ...one }));

const SENDER = 0x02_00_00_00_00_07;
const topology = new Topology(LINKS, [{ ifindex: 5, mac: SENDER, bridge: 6 }]);

it.each<[name: string, packet: object, arrivals: [name: string, vlan?: number[]][]]>([
  ['eth0', {}, [['eth0']]],
  ['bond0', {}, [['bond0'], ['eth0'], ['eth1']]],
  ['bond0.10', {}, [['bond0.10'], ['bond0', [10]], ['eth0', [10]], ['eth1', [10]]]],
  [
    'bond0.10.20',
    {},
    [['bond0.10.20'], ['bond0.10', [20]], ['bond0', [10, 20]], ['eth0', [10, 20]], ['eth1', [10, 20]]],
  ],
  ['deep', {}, [['deep'], ['bond0.10.20', [30]], ['bond0.10', [20, 30]]]],
  ['br0', {}, [['br0'], ['bond0.10'], ['bond0', [10]], ['eth0', [10]], ['eth1', [10]], ['tap0']]],
  ['br0', { sourceMac: SENDER }, [['br0'], ['bond0.10'], ['bond0', [10]], ['eth0', [10]], ['eth1', [10]]]],
  ['veth0', {}, [['veth0']]],
  ['gone', {}, [['gone']]],
])('a packet for %s %j', (name, packet, arrivals) => {
  const found = topology.arrivals({ interface: name, why: 'a session', packet });
  expect(found.map((one) => [one.interface, ...(one.packet.vlan ? [one.packet.vlan] : [])])).toEqual(
    arrivals,
  );
  for (const { why, interface: at } of found)
    expect(why).toBe(at === name ? 'a session' : `a session (for ${name})`);
});

it('knows what is on a wire', () => {
  expect(['lo', 'dum0', 'gone', 'eth0', 'br0'].map((name) => topology.isWire(name))).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});

it('a flow has to live with its tag and without it, where the device may take tags off', () => {
  const topology = new Topology(LINKS, [], (ifindex) => ifindex === 4);
  const flow = { interface: 'bond0.10', why: 'a test', packet: {} };
  expect(topology.arrivals(flow).map((one) => [one.interface, one.packet.vlan])).toEqual([
    ['bond0.10', undefined],
    ['bond0', [10]],
    ['eth0', [10]],
    ['eth1', [10]],
    ['bond0', undefined],
    ['eth0', undefined],
    ['eth1', undefined],
  ]);
});
