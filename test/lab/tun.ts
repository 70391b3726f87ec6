// A real tun device on the firewall's side: its packets begin with the IP header. What is written to it comes in by the interface.
// needs: lab
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { must } from './exec.js';
import { enter, type Network } from './network.js';

const TUNSETIFF = 0x400454ca;
const IFF_TUN = 1;

const libc = koffi.load('libc.so.6');
const ioctl = libc.func('int ioctl(int fd, unsigned long request, uint8_t *argument)') as (
  fd: number,
  request: number,
  argument: Buffer,
) => number;

/** What a pair has too. */
export const TUN = {
  name: 'tun0',
  address: '10.99.0.1',
  peerAddress: '10.99.0.2',
  address6: 'fd99::1',
  peerAddress6: 'fd99::2',
};

export interface Tun extends Disposable {
  /** A packet comes in, of this EtherType: what a tunnel says of what it carries. */
  send(packet: Uint8Array, etherType: number): void;
}

/** Makes `tun0` with 10.99.0.1/24 and fd99::1/64, up. */
export async function openTun({ firewall }: Network): Promise<Tun> {
  // It belongs to the namespace in which its file was opened.
  const fd = await enter(firewall, () => openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK));
  const request = Buffer.alloc(40); // struct ifreq; with packet information: flags and an EtherType in front
  request.write(TUN.name);
  request.writeUInt16LE(IFF_TUN, 16);
  if (ioctl(fd, TUNSETIFF, request) !== 0)
    throw new Error(`cannot make a tun device: errno ${koffi.errno()}`);
  const lines = [
    `address add ${TUN.address}/24 dev ${TUN.name}`,
    `address add ${TUN.address6}/64 dev ${TUN.name} nodad`,
    `link set ${TUN.name} up`,
  ];
  await must('ip', ['-n', firewall, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  return {
    send: (packet, etherType) => {
      const information = Buffer.alloc(4);
      information.writeUInt16BE(etherType, 2);
      writeSync(fd, Buffer.concat([information, packet]));
    },
    [Symbol.dispose]: () => {
      closeSync(fd);
    },
  };
}
