// Frames as they stand, onto the wire of a pair, and the datagrams that the firewall's own sockets then get: what a host takes
// for IP only its sockets can say.
// needs: lab
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { PacketDescription } from '../../src/model/policy.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { enter, type Network, type Pair } from './network.js';
import { openAtInterface } from './raw-sockets.js';
import { ip, macOf } from './traffic.js';

/** Frames between two looks at everything else: fewer than a veth's ring has room for. */
const BATCH = 64;
const PORT = 7777;
const UDP_BYTES = 8;

/** Sends frames out of an interface of the world outside, each in one piece. */
export async function sendFrames(network: Network, pair: Pair, frames: Iterable<Uint8Array>): Promise<void> {
  using wire = await openAtInterface(network.outside, pair.peer);
  let sent = 0;
  for (const frame of frames) {
    wire.send(frame);
    if (++sent % BATCH === 0) await turn();
  }
}

/** Two real sockets of the firewall's side, IPv4 and IPv6, and packets for them that carry a number. */
export interface Listeners extends AsyncDisposable {
  /** Numbers that have arrived; grows, and may be cleared. */
  readonly heard: Set<number>;
  /** A whole frame to one of them. */
  frame(number: number, family: 4 | 6, packet?: PacketDescription): Uint8Array;
}

export async function listenFor(network: Network, pair: Pair): Promise<Listeners> {
  const destinationMac = await macOf(network.firewall, pair.name);
  const sourceMac = await macOf(network.outside, pair.peer);
  return listenAt(network, pair, { sourceMac, destinationMac });
}

type Ends = Pick<Pair, 'address' | 'peerAddress' | 'address6' | 'peerAddress6'>;
type Macs = Pick<PacketDescription, 'sourceMac' | 'destinationMac'>;

export async function listenAt(network: Network, pair: Ends, macs: Macs = {}): Promise<Listeners> {
  const heard = new Set<number>();
  const sockets = await enter(network.firewall, () =>
    Promise.all([listen('udp4', pair.address, heard), listen('udp6', pair.address6, heard)]),
  );
  return {
    heard,
    frame: (number, family, packet = {}) => {
      const [from, to] = family === 4 ? [pair.peerAddress, pair.address] : [pair.peerAddress6, pair.address6];
      const ends = { source: ip(from), destination: ip(to), ...macs };
      const whole = buildPacket({
        protocol: 17,
        sourcePort: 1024,
        destinationPort: PORT,
        ...ends,
        ...packet,
      });
      return numbered(whole, family, number);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(sockets.map((socket) => once(socket.close(), 'close')));
    },
  };
}

async function listen(type: 'udp4' | 'udp6', address: string, heard: Set<number>): Promise<Socket> {
  const socket = createSocket(type);
  socket.on('message', (bytes) => heard.add(bytes.readUInt32BE()));
  socket.bind(PORT, address);
  await once(socket, 'listening');
  return socket;
}

/** Puts a number into the payload of a UDP datagram, and its complement behind it, so that the checksum stays right. */
function numbered(frame: Uint8Array, family: 4 | 6, number: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const at = 14 + (family === 4 ? 20 : 40) + UDP_BYTES;
  view.setUint32(at, number);
  view.setUint32(at + 4, ~number >>> 0);
  return frame;
}
