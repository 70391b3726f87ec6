// What the reference takes packets for where conntrack showed the way: each case is a packet that was judged wrongly once. That the
// kernel says the same: agreement.test.ts; that conntrack does: test/scenario/conntrack.test.ts.
import { expect, it } from 'vitest';
import type { Cidr } from '../../../src/addresses/cidr.js';
import type { PacketDescription } from '../../../src/model/policy.js';
import { connectionOf, Connections } from '../../../src/policy/connections/connections.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';

const address = (d: number): Cidr => ({ family: 4, a: 0xc0000200 + d, b: 0, c: 0, d: 0, length: 32 });
const [HOST, WORLD, OTHER] = [address(1), address(2), address(3)];
const [SYN, RST, ACK, URG] = [2, 4, 16, 32];

const out = (tcpFlags: number): PacketDescription => ({
  ...{ source: HOST, destination: WORLD, protocol: 6, sourcePort: 40_000, destinationPort: 443, tcpFlags },
});
const back = (tcpFlags: number) =>
  buildPacket({
    ...{ source: WORLD, destination: HOST, protocol: 6, sourcePort: 443, destinationPort: 40_000, tcpFlags },
  });

function after(...flags: number[]): Connections {
  const connections = new Connections();
  for (const one of flags) connections.record(buildPacket(out(one)), 0);
  return connections;
}

it('where both open at once, the SYN of the other may come again once it was answered', () => {
  expect(after(SYN, SYN | ACK).stateOf(back(SYN), 0)).toBe('established');
  expect(after(SYN | ACK).stateOf(back(SYN), 0)).toBe('new');
  expect(after(SYN, SYN | ACK, ACK).stateOf(back(SYN), 0)).toBe('new');
});

it.each([
  [ACK, 'established'],
  [RST | ACK, 'invalid'],
])('of a client that has answered SYN and ACK with %i, an hour later', (flags, state) => {
  const connections = after(SYN | ACK);
  expect(connections.stateOf(back(flags), 0)).toBe('established');
  expect(connections.stateOf(back(ACK), 3600)).toBe(state);
});

it.each([ACK, ACK | URG, SYN | ACK, RST, RST | ACK, ACK | 1, ACK | 1 | URG])(
  'flags %i can be those of an answer',
  (flags) => {
    expect(after(SYN).stateOf(back(flags), 0)).toBe('established');
  },
);

it.each([0, 1, URG, SYN | ACK | URG, RST | URG, RST | ACK | URG, SYN | RST, SYN | 1, 41, 255])(
  'flags %i are those of a scan',
  (flags) => {
    expect(after(SYN).stateOf(back(flags), 0)).toBe('invalid');
  },
);

it.each([
  [HOST, 'related'],
  [OTHER, 'invalid'],
])('an error goes to whoever sent what it quotes: %j', (destination, state) => {
  const quoted = buildPacket(out(SYN)).subarray(14);
  const icmp = { source: WORLD, destination, protocol: 1, icmpType: 3 };
  const error = buildPacket({ ...icmp, length: 28 + quoted.length });
  error.set(quoted, error.length - quoted.length);
  expect(after(SYN).stateOf(error, 0)).toBe(state);
});

it.each([
  [SYN, 'new', 'conntrack is not asked about a SYN'],
  [ACK, 'established', ''],
  [RST | ACK, 'established', ''],
  [SYN | RST, 'invalid', 'nor about a scan'],
])('where conntrack knows a flow that the tables do not, flags %i are %s', (tcpFlags, state, why) => {
  const asked: string[] = [];
  const found = connectionOf(back(tcpFlags), {
    connection: () => undefined,
    datagram: () => undefined,
    tracked: (flow) => asked.push(flow) > 0,
  });
  expect(found).toEqual({ state, ...(why === '' && { byConntrack: true }) });
  expect(asked, why).toHaveLength(why === '' ? 1 : 0);
});
