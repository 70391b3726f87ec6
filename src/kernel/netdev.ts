// XDP features of an interface, from the generic netlink family `netdev` (Linux 6.3): one request and one reply, a message each. An
// older kernel does not know the family.
// Sources: uapi/linux/netlink.h, uapi/linux/genetlink.h, uapi/linux/netdev.h.
import type { Fd } from './fd.js';
import { askOver, attribute, attributes, openNetlink } from './netlink.js';

const NETLINK_GENERIC = 16;
const GENERIC = 4; // struct genlmsghdr

const CONTROL = { family: 16, command: 3, name: 2, id: 1 }; // GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_*
const NETDEV = { command: 1, ifindex: 1, features: 3 }; // NETDEV_CMD_DEV_GET, NETDEV_A_DEV_*

/** enum netdev_xdp_act */
const XDP_ACT_BASIC = 1;
const XDP_ACT_RX_SG = 32;

export interface XdpFeatures {
  /** The driver runs XDP programs. */
  native: boolean;
  /** It runs them on frames in several buffers: a program that accepts those works with any MTU. */
  fragments: boolean;
}

/** `undefined` where the kernel does not report them: before Linux 6.3, or when there is no such interface. */
export function xdpFeatures(ifindex: number): XdpFeatures | undefined {
  using socket = openNetlink(NETLINK_GENERIC);
  const named = attribute(CONTROL.name, Buffer.from('netdev\0'));
  const family = answerOf(socket, CONTROL.family, CONTROL.command, named)?.get(CONTROL.id);
  if (!family) return undefined;
  const of = attribute(NETDEV.ifindex, Buffer.from(Uint32Array.of(ifindex).buffer));
  const answer = answerOf(socket, family.readUInt16LE(), NETDEV.command, of)?.get(NETDEV.features);
  if (!answer) return undefined;
  const features = answer.readUInt32LE(); // a u64; what is asked for is in its lower half
  return { native: (features & XDP_ACT_BASIC) !== 0, fragments: (features & XDP_ACT_RX_SG) !== 0 };
}

/** Attributes of the answer; `undefined` when the kernel refuses the question. */
function answerOf(
  socket: Fd,
  family: number,
  command: number,
  question: Buffer,
): Map<number, Buffer> | undefined {
  const header = Buffer.from([command, 1, 0, 0]); // version 1
  const { messages, error } = askOver(socket, family, 0, Buffer.concat([header, question]));
  const answer = error === 0 ? messages[0] : undefined;
  return answer && attributes(answer.subarray(GENERIC));
}
