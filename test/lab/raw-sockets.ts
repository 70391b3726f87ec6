// Sockets that say and hear whole packets, each in the namespace in which it was opened, wherever this process is by then:
// packet(7) at one interface, raw(7) for packets with their IP header, and netlink(7). Nobody waits in them: `receive` says when
// there is nothing.
// needs: lab
import koffi from 'koffi';
import { Fd } from '../../src/kernel/fd.js';
import { checked, lastErrno, libc } from '../../src/kernel/ffi.js';
import { listInterfaces } from '../../src/kernel/interfaces.js';
import { enter } from './network.js';

const [AF_INET, AF_INET6, AF_NETLINK, AF_PACKET] = [2, 10, 16, 17];
const SOCK_RAW = 3;
const IPPROTO_RAW = 255;
const ETH_P_ALL = 0x0003;
const [SOL_SOCKET, SO_MARK, SO_RCVBUFFORCE] = [1, 36, 33];
const [SOL_PACKET, PACKET_IGNORE_OUTGOING] = [263, 23];
const MSG_DONTWAIT = 0x40;
const EAGAIN = 11;
/** Bytes that wait to be received at most. */
const ROOM = 1 << 24;

const c = koffi.load('libc.so.6');
const bind = c.func('int bind(int fd, const void *address, uint32_t size)') as (
  fd: number,
  address: Buffer,
  size: number,
) => number;
const setsockopt = c.func('int setsockopt(int fd, int level, int name, const int *value, uint32_t size)') as (
  fd: number,
  level: number,
  name: number,
  value: Int32Array,
  size: number,
) => number;

function result(returned: number): number {
  return returned < 0 ? -lastErrno() : returned;
}

class RawSocket implements Disposable {
  readonly #fd: Fd;
  readonly #room = Buffer.alloc(1 << 16);

  constructor(domain: number, protocol: number) {
    this.#fd = new Fd(checked('open a socket', result(libc().socket(domain, SOCK_RAW, protocol))));
    this.set(SOL_SOCKET, SO_RCVBUFFORCE, ROOM);
  }

  set(level: number, name: number, value: number): void {
    checked('set', result(setsockopt(this.#fd.number, level, name, Int32Array.of(value), 4)));
  }

  bind(address: Buffer): void {
    checked('bind', result(bind(this.#fd.number, address, address.length)));
  }

  send(bytes: Uint8Array, address: Buffer): void {
    checked(
      'send a packet',
      result(libc().sendto(this.#fd.number, bytes, bytes.length, 0, address, address.length)),
    );
  }

  /** The next one; valid until the next call. */
  receive(): Buffer | undefined {
    const length = result(libc().recv(this.#fd.number, this.#room, this.#room.length, MSG_DONTWAIT));
    if (length === -EAGAIN) return undefined;
    return this.#room.subarray(0, checked('receive a packet', length));
  }

  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}

export interface AtInterface extends Disposable {
  send(frame: Uint8Array): void;
  receive(): Buffer | undefined;
}

/** Frames out of an interface, and those that arrive there when `hears`. */
export function openAtInterface(namespace: string, name: string, hears = false): Promise<AtInterface> {
  return enter(namespace, () => {
    const ifindex = listInterfaces().find((one) => one.name === name)?.ifindex ?? -1;
    const address = Buffer.alloc(20); // struct sockaddr_ll: family, protocol, ifindex, ...
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(hears ? ETH_P_ALL : 0, 2);
    address.writeInt32LE(ifindex, 4);
    const socket = new RawSocket(AF_PACKET, 0);
    if (hears) {
      socket.set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
      socket.bind(address);
    }
    return {
      send: (frame) => {
        socket.send(frame, address);
      },
      receive: () => socket.receive(),
      [Symbol.dispose]: () => {
        socket[Symbol.dispose]();
      },
    };
  });
}

export interface IpSender extends Disposable {
  /** The whole packet; to where, its header says. */
  send(packet: Uint8Array): void;
}

/** Packets with their IP header, as the host itself sends them: through its filters and out by its routes. `mark`: SO_MARK. */
export function openIpSender(namespace: string, mark: number): Promise<IpSender> {
  return enter(namespace, () => {
    const [four, six] = [new RawSocket(AF_INET, IPPROTO_RAW), new RawSocket(AF_INET6, IPPROTO_RAW)];
    const to4 = Buffer.alloc(16); // struct sockaddr_in: family, port, address
    const to6 = Buffer.alloc(28); // struct sockaddr_in6: family, port, flow, address, scope
    to4.writeUInt16LE(AF_INET, 0);
    to6.writeUInt16LE(AF_INET6, 0);
    for (const socket of [four, six]) socket.set(SOL_SOCKET, SO_MARK, mark);
    return {
      send: (packet) => {
        const is4 = (packet[0] ?? 0) >> 4 === 4;
        if (is4) to4.set(packet.subarray(16, 20), 4);
        else to6.set(packet.subarray(24, 40), 8);
        if (is4) four.send(packet, to4);
        else six.send(packet, to6);
      },
      [Symbol.dispose]: () => {
        four[Symbol.dispose]();
        six[Symbol.dispose]();
      },
    };
  });
}

/** To the kernel: `protocol` is one of NETLINK_*. */
export function openNetlink(namespace: string, protocol: number): Promise<RawSocket & { address: Buffer }> {
  return enter(namespace, () => {
    const address = Buffer.alloc(12); // struct sockaddr_nl: family, pid, groups
    address.writeUInt16LE(AF_NETLINK, 0);
    return Object.assign(new RawSocket(AF_NETLINK, protocol), { address });
  });
}
