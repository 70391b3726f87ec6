// TCP and UDP sockets of this network namespace, from /proc/net (proc_net(5), net/ipv4/tcp_ipv4.c in the kernel).
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

export interface SocketEnd {
  /** Address as text; an IPv4-mapped IPv6 address is given as the IPv4 address. */
  address: string;
  port: number;
}

export interface Socket {
  local: SocketEnd;
  remote: SocketEnd;
  state: 'established' | 'listening' | 'other';
  inode: number;
}

/** enum in net/tcp_states.h. */
const STATES: Record<string, Socket['state']> = { '01': 'established', '0A': 'listening' };

export function listTcp(): Socket[] {
  return [...read('tcp'), ...read('tcp6')];
}

export function listUdp(): Socket[] {
  return [...read('udp'), ...read('udp6')];
}

/** Empty when the table does not exist: a kernel without IPv6 has none for it. */
function read(table: string): Socket[] {
  const [, ...lines] = readIfThere(`/proc/self/net/${table}`).trim().split('\n');
  return lines.flatMap((line) => parseSocket(line) ?? []);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** `0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1234 ...` */
export function parseSocket(line: string): Socket | undefined {
  const [, local, remote, state = '', , , , , , inode] = line.trim().split(/\s+/);
  const ends = [local, remote].map((text) => parseEnd(text ?? ''));
  const [here, there] = ends;
  if (!here || !there) return undefined;
  return { local: here, remote: there, state: STATES[state] ?? 'other', inode: Number(inode) };
}

function parseEnd(text: string): SocketEnd | undefined {
  const [, address, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text) ?? [];
  if (address === undefined || port === undefined) return undefined;
  return { address: addressText(inNetworkOrder(address)), port: parseInt(port, 16) };
}

/** The kernel prints an address as 32-bit words in host byte order. */
function inNetworkOrder(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  return endianness() === 'LE' ? bytes.swap32() : bytes;
}

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/** 4 or 16 bytes in network order. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.subarray(0, 12).equals(MAPPED)) return bytes.subarray(12).join('.');
  return (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
}
