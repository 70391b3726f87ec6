// Says every frame that an interface hands to its stack, in hex: capture INTERFACE [xdp]
// With `xdp` it has the interface run an XDP program that passes all: a veth takes the frames that XDP sends from its
// peer only then. Ends with its input; fails when it missed a frame. Source: packet(7), struct sockaddr_ll and the options in linux/if_packet.h.
import koffi from 'koffi';
import { createLink } from '../../src/kernel/attach.js';
import { listInterfaces } from '../../src/kernel/interfaces.js';
import { loadVerdict } from '../lab/verdict-program.js';

const [AF_PACKET, SOCK_RAW, ETH_P_ALL] = [17, 3, 3];
const [SOL_SOCKET, SO_RCVBUFFORCE] = [1, 33];
const [SOL_PACKET, PACKET_STATISTICS, PACKET_IGNORE_OUTGOING] = [263, 6, 23];
const MSG_DONTWAIT = 0x40;
const QUEUE = 16 << 20;

const libc = koffi.load('libc.so.6');
const open = libc.func('int socket(int domain, int type, int protocol)') as (...args: number[]) => number;
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)') as (
  fd: number,
  address: Buffer,
  length: number,
) => number;
const set = libc.func('int setsockopt(int fd, int level, int name, const int *value, uint32_t length)') as (
  fd: number,
  level: number,
  name: number,
  value: number[],
  length: number,
) => number;
const get = libc.func(
  'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)',
) as (fd: number, level: number, name: number, value: Buffer, length: number[]) => number;
const receive = libc.func('long recv(int fd, _Out_ uint8_t *buffer, size_t length, int flags)') as (
  fd: number,
  buffer: Buffer,
  length: number,
  flags: number,
) => number;

function checked(result: number): number {
  if (result < 0) throw new Error(`cannot capture: errno ${koffi.errno()}`);
  return result;
}

const [wanted, attach] = process.argv.slice(2);
const ifindex = listInterfaces().find(({ name }) => name === wanted)?.ifindex ?? -1;
const link = attach === 'xdp' ? createLink(loadVerdict('pass'), ifindex, 'native') : undefined;
const address = Buffer.alloc(20); // family, protocol (big-endian), ifindex, ...
address.writeUInt16LE(AF_PACKET, 0);
address.writeUInt16BE(ETH_P_ALL, 2);
address.writeInt32LE(ifindex, 4);

const socket = checked(open(AF_PACKET, SOCK_RAW, 0));
checked(set(socket, SOL_SOCKET, SO_RCVBUFFORCE, [QUEUE], 4));
checked(set(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, [1], 4));
checked(bind(socket, address, address.length));
console.log('listening');

const frame = Buffer.alloc(65536);
const timer = setInterval(() => {
  for (;;) {
    const length = receive(socket, frame, frame.length, MSG_DONTWAIT);
    if (length <= 0) return;
    console.log(frame.toString('hex', 0, length));
  }
}, 5);
process.stdin.resume().on('end', () => {
  clearInterval(timer);
  link?.[Symbol.dispose]();
  const statistics = Buffer.alloc(8); // struct tpacket_stats { unsigned tp_packets, tp_drops; }
  checked(get(socket, SOL_PACKET, PACKET_STATISTICS, statistics, [statistics.length]));
  if (statistics.readUInt32LE(4) > 0) throw new Error(`missed ${statistics.readUInt32LE(4)} frames`);
});
