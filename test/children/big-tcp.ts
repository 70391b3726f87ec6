// Lets an interface send and merge TCP streams of more than 64 KiB at once (BIG TCP): big-tcp INTERFACE BYTES
// The `ip` of older distributions knows the limits of IPv6 alone. Sources: uapi/linux/rtnetlink.h, uapi/linux/if_link.h.
import koffi from 'koffi';
import { listInterfaces } from '../../src/kernel/interfaces.js';

const [AF_NETLINK, SOCK_RAW, NETLINK_ROUTE] = [16, 3, 0];
const [RTM_NEWLINK, NLM_F_REQUEST_ACK] = [16, 5];
/** IFLA_GSO_MAX_SIZE, IFLA_GRO_MAX_SIZE, and the same for IPv4. */
const LIMITS = [41, 58, 63, 64];

const libc = koffi.load('libc.so.6');
const open = libc.func('int socket(int domain, int type, int protocol)') as (...args: number[]) => number;
const send = libc.func('long send(int fd, const uint8_t *bytes, size_t length, int flags)') as (
  fd: number,
  bytes: Buffer,
  length: number,
  flags: number,
) => number;
const receive = libc.func(
  'long recv(int fd, _Out_ uint8_t *buffer, size_t length, int flags)',
) as typeof send;

const [wanted, bytes] = process.argv.slice(2);
const message = Buffer.alloc(32 + LIMITS.length * 8); // struct nlmsghdr, struct ifinfomsg, attributes of 32 bits
message.writeUInt32LE(message.length, 0);
message.writeUInt16LE(RTM_NEWLINK, 4);
message.writeUInt16LE(NLM_F_REQUEST_ACK, 6);
message.writeInt32LE(listInterfaces().find(({ name }) => name === wanted)?.ifindex ?? -1, 20);
LIMITS.forEach((limit, at) => {
  message.writeUInt16LE(8, 32 + at * 8);
  message.writeUInt16LE(limit, 34 + at * 8);
  message.writeUInt32LE(Number(bytes), 36 + at * 8);
});
const socket = open(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
const answer = Buffer.alloc(4096);
if (send(socket, message, message.length, 0) < 0 || receive(socket, answer, answer.length, 0) < 20)
  throw new Error(`cannot ask netlink: errno ${koffi.errno()}`);
if (answer.readInt32LE(16) !== 0) throw new Error(`netlink refuses: errno ${-answer.readInt32LE(16)}`);
