// What becomes of later fragments, in the reference: whose first one was let in, for how long.
import { expect, it } from 'vitest';
import type { PacketDescription } from '../../../src/model/policy.js';
import { REASSEMBLY } from '../../../src/model/connections.js';
import { Connections } from '../../../src/policy/connections/connections.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';

const QUERY = { protocol: 17, sourcePort: 40_000, destinationPort: 53 };
const FAMILIES = [4, 6] as const;

/** Answers to QUERY, whose addresses are the ones that a description has by itself, the other way round. */
function world(family: 4 | 6) {
  const connections = new Connections();
  const asked = buildPacket({ ...QUERY, family });
  connections.record(asked, 0);
  const turned = (packet: PacketDescription): Uint8Array => turn(buildPacket({ ...packet, family }), family);
  return { connections, turned };
}

/** Source and destination of the IP header change places. */
function turn(frame: Uint8Array, family: 4 | 6): Uint8Array {
  const [at, size] = family === 4 ? [26, 4] : [22, 16];
  const [source, destination] = [frame.slice(at, at + size), frame.slice(at + size, at + 2 * size)];
  frame.set(destination, at);
  frame.set(source, at + size);
  return frame;
}

const FIRST: PacketDescription = {
  protocol: 17,
  sourcePort: 53,
  destinationPort: 40_000,
  fragment: 'first',
  fragmentId: 9,
};
const LATER: PacketDescription = { protocol: 17, fragment: 'later', fragmentId: 9 };

it.each(FAMILIES)('IPv%i: the rest is what the first fragment was, for as long as Linux waits', (family) => {
  const { connections, turned } = world(family);
  expect(connections.stateOf(turned(LATER), 0), 'before the first').toBe('invalid');
  expect(connections.stateOf(turned(FIRST), 0)).toBe('established');
  expect(connections.stateOf(turned(LATER), 0), 'while no rule has let it in').toBe('invalid');
  connections.letRestIn(turned(FIRST), 'established', 0);
  expect(connections.stateOf(turned(LATER), REASSEMBLY)).toBe('established');
  expect(connections.stateOf(turned(LATER), REASSEMBLY + 1)).toBe('invalid');
  expect(connections.stateOf(turned({ ...LATER, fragmentId: 10 }), 0)).toBe('invalid');
  const another = connections.stateOf(turned({ ...LATER, protocol: 132 }), 0);
  expect(another, 'IPv6 knows datagrams without it').toBe(family === 4 ? 'invalid' : 'established');
});

it.each(FAMILIES)(
  'IPv%i: nothing is noted of strangers, of whole packets and of later fragments',
  (family) => {
    const { connections, turned } = world(family);
    for (const state of ['new', 'invalid'] as const) connections.letRestIn(turned(FIRST), state, 0);
    connections.letRestIn(turned({ ...FIRST, fragment: 'none' }), 'established', 0);
    connections.letRestIn(turned(LATER), 'established', 0);
    expect(connections.stateOf(turned(LATER), 0)).toBe('invalid');
  },
);

it('what is related stays so', () => {
  const { connections, turned } = world(4);
  connections.letRestIn(turned({ protocol: 1, icmpType: 3, fragment: 'first' }), 'related', 0);
  expect(connections.stateOf(turned({ protocol: 1, fragment: 'later' }), 0)).toBe('related');
});
