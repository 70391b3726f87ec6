// What the kernel itself says of an interface's XDP: the features of the generic netlink family `netdev` (Linux 6.3).
// One question and its answer, both in one message each. An older kernel does not know the family.
// Sources: uapi/linux/netlink.h, uapi/linux/genetlink.h, uapi/linux/netdev.h.
import { Fd } from './fd.js';
import { checked, lastErrno, libc } from './ffi.js';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_GENERIC = 16;
const MSG_DONTWAIT = 0x40; // the kernel has answered before send() returns

const NLM_F_REQUEST = 1;
const NLMSG_ERROR = 2;
const HEADERS = 20; // struct nlmsghdr and struct genlmsghdr
const ATTRIBUTE = 4; // struct nlattr

const CONTROL = { family: 16, command: 3, name: 2, id: 1 }; // GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_*
const NETDEV = { command: 1, ifindex: 1, features: 3 }; // NETDEV_CMD_DEV_GET, NETDEV_A_DEV_*

/** enum netdev_xdp_act */
const XDP_ACT_BASIC = 1;
const XDP_ACT_RX_SG = 32;

export interface XdpFeatures {
  /** The driver runs XDP programs. */
  native: boolean;
  /** It runs them on packets of several buffers: the MTU does not matter to programs that can take those. */
  fragments: boolean;
}

/** `undefined` where the kernel does not tell: before Linux 6.3, or of an interface that is not there. */
export function xdpFeatures(ifindex: number): XdpFeatures | undefined {
  using socket = new Fd(
    checked('open a netlink socket', libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_GENERIC)),
  );
  const family = ask(
    socket,
    CONTROL.family,
    CONTROL.command,
    CONTROL.name,
    Buffer.from('netdev\0'),
    CONTROL.id,
  );
  if (!family) return undefined;
  const index = Buffer.from(Uint32Array.of(ifindex).buffer);
  const answer = ask(socket, family.readUInt16LE(), NETDEV.command, NETDEV.ifindex, index, NETDEV.features);
  if (!answer) return undefined;
  const features = answer.readUInt32LE(); // a u64; what is asked for is in its lower half
  return { native: (features & XDP_ACT_BASIC) !== 0, fragments: (features & XDP_ACT_RX_SG) !== 0 };
}

/** The one attribute that is wanted of the answer; `undefined` when the kernel refuses the question. */
function ask(
  socket: Fd,
  family: number,
  command: number,
  attribute: number,
  value: Buffer,
  wanted: number,
): Buffer | undefined {
  const request = Buffer.alloc(HEADERS + padded(ATTRIBUTE + value.length));
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(family, 4);
  request.writeUInt16LE(NLM_F_REQUEST, 6);
  request.writeUInt8(command, 16);
  request.writeUInt8(1, 17); // version
  request.writeUInt16LE(ATTRIBUTE + value.length, HEADERS);
  request.writeUInt16LE(attribute, HEADERS + 2);
  value.copy(request, HEADERS + ATTRIBUTE);
  if (libc().send(socket.number, request, request.length, 0) < 0) return failed('ask over netlink');
  const answer = Buffer.alloc(8192);
  const length = libc().recv(socket.number, answer, answer.length, MSG_DONTWAIT);
  if (length < 0) return failed('read from netlink');
  return answer.readUInt16LE(4) === NLMSG_ERROR ? undefined : find(answer.subarray(HEADERS, length), wanted);
}

function failed(call: string): never {
  checked(call, -lastErrno());
  throw new Error(`${call}: no errno`);
}

function find(attributes: Buffer, wanted: number): Buffer | undefined {
  for (let at = 0; at + ATTRIBUTE <= attributes.length;) {
    const length = attributes.readUInt16LE(at);
    if (attributes.readUInt16LE(at + 2) === wanted) return attributes.subarray(at + ATTRIBUTE, at + length);
    at += padded(Math.max(length, ATTRIBUTE));
  }
  return undefined;
}

/** NLA_ALIGN */
function padded(length: number): number {
  return (length + 3) & ~3;
}
