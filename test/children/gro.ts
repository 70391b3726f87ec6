// Switches GRO on: gro INTERFACE. A veth takes XDP frames from its peer only while it polls (NAPI), that is, while it
// has a native XDP program or GRO. With GRO a frame that meets no program gets through, and is seen, not lost.
// Source: struct ifreq in net/if.h, struct ethtool_value in linux/ethtool.h.
import koffi from 'koffi';

const SIOCETHTOOL = 0x8946;
const ETHTOOL_SGRO = 0x2c;
const [AF_INET, SOCK_DGRAM] = [2, 2];

koffi.struct('ethtool_value', { command: 'uint32_t', data: 'uint32_t' });
koffi.struct('ifreq', {
  name: koffi.array('char', 16),
  value: 'ethtool_value *',
  rest: koffi.array('char', 16),
});
const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)') as (...args: number[]) => number;
const ioctl = libc.func('int ioctl(int fd, unsigned long request, ifreq *argument)') as (
  fd: number,
  request: number,
  argument: object,
) => number;

const request = { name: process.argv[2], value: { command: ETHTOOL_SGRO, data: 1 }, rest: '' };
if (ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCETHTOOL, request) !== 0) {
  throw new Error(`cannot switch GRO on: errno ${koffi.errno()}`);
}
