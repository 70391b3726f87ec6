// Properties of a network device: driver, MTU, queues, offloads. Read through ioctl(2), which answers for the network namespace of
// this process; sysfs shows the namespace that it was mounted from. A property that the driver does not report is absent. Sources:
// uapi/linux/sockios.h, uapi/linux/if.h (struct ifreq), uapi/linux/ethtool.h.
import { Fd } from './fd.js';
import { checked, libc } from './ffi.js';

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;

const SIOCGIFNAME = 0x8910;
const SIOCGIFMTU = 0x8921;
const SIOCETHTOOL = 0x8946;

const ETHTOOL_GDRVINFO = 0x03;
const ETHTOOL_GFLAGS = 0x25;
const ETHTOOL_GCHANNELS = 0x3c;
const ETH_FLAG_RXVLAN = 1 << 8;
const ETH_FLAG_LRO = 1 << 15;

/** struct ethtool_drvinfo: a command, then strings of 32 bytes, the first of which is the driver. */
const DRVINFO_BYTES = 196;
/** struct ethtool_channels: a command, then max and current numbers of rx, tx, other and combined. */
const CHANNELS_BYTES = 36;
const NAME_BYTES = 16;

export interface Device {
  name: string;
  driver?: string;
  mtu?: number;
  /** Queues in use; combined ones count for both. */
  queues?: { rx: number; tx: number };
  /** Large receive offload is on: packets arrive merged. */
  lro?: boolean;
  /** VLAN tags are taken off before XDP sees a packet (`rx-vlan-offload`). */
  hidesTags?: boolean;
}

/** `undefined` when there is no such interface in this namespace. */
export function describeDevice(ifindex: number): Device | undefined {
  using socket = new Fd(checked('open a socket', libc().socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0)));
  const name = nameOf(socket, ifindex);
  if (name === undefined) return undefined;
  const info = ethtool(socket, name, ETHTOOL_GDRVINFO, DRVINFO_BYTES);
  const channels = ethtool(socket, name, ETHTOOL_GCHANNELS, CHANNELS_BYTES);
  const flags = ethtool(socket, name, ETHTOOL_GFLAGS, 8);
  const mtu = mtuOf(socket, name);
  return {
    name,
    ...(info && { driver: text(info.subarray(4, 36)) }),
    ...(mtu !== undefined && { mtu }),
    ...(channels && { queues: queuesOf(channels) }),
    ...(flags && { hidesTags: (flags.readUInt32LE(4) & ETH_FLAG_RXVLAN) !== 0 }),
    ...(flags && { lro: (flags.readUInt32LE(4) & ETH_FLAG_LRO) !== 0 }),
  };
}

/** Does the device take the outermost 802.1Q tag off before XDP sees a packet? False when the driver does not report it. */
export function hidesTags(ifindex: number): boolean {
  return describeDevice(ifindex)?.hidesTags === true;
}

function nameOf(socket: Fd, ifindex: number): string | undefined {
  const request = Buffer.alloc(40);
  request.writeInt32LE(ifindex, NAME_BYTES);
  return libc().ioctl(socket.number, SIOCGIFNAME, request) === 0
    ? text(request.subarray(0, NAME_BYTES))
    : undefined;
}

function mtuOf(socket: Fd, name: string): number | undefined {
  const request = Buffer.alloc(40);
  request.write(name);
  return libc().ioctl(socket.number, SIOCGIFMTU, request) === 0 ? request.readInt32LE(NAME_BYTES) : undefined;
}

/** `undefined` when the driver does not know the command. */
function ethtool(socket: Fd, name: string, command: number, bytes: number): Buffer | undefined {
  const data = Buffer.alloc(bytes);
  data.writeUInt32LE(command);
  return libc().ethtool(socket.number, SIOCETHTOOL, { name, data, pad: [] }) === 0 ? data : undefined;
}

function queuesOf(channels: Buffer): { rx: number; tx: number } {
  const combined = channels.readUInt32LE(32);
  return { rx: channels.readUInt32LE(20) + combined, tx: channels.readUInt32LE(24) + combined };
}

function text(bytes: Buffer): string {
  return bytes.subarray(0, bytes.indexOf(0)).toString();
}
