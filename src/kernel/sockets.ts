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
const STATES: Record<number, Socket['state']> = { 1: 'established', 10: 'listening' };

export function listTcp(): Socket[] {
  return [...read('tcp'), ...read('tcp6')];
}

export function listUdp(): Socket[] {
  return [...read('udp'), ...read('udp6')];
}

function read(table: Table): Socket[] {
  return linesOf(table).flatMap((line) => parseSocket(line) ?? []);
}

type Table = 'tcp' | 'tcp6' | 'udp' | 'udp6';

/** A flow with a socket that has an other end. */
export interface OpenFlow {
  protocol: 'tcp' | 'udp';
  local: End;
  remote: End;
  /** enum in net/tcp_states.h; of UDP 1 while it is connected. */
  state: number;
}

interface End {
  /** 4 or 16 bytes in network order; an IPv4 address that IPv6 carries is that IPv4 address. */
  address: Buffer;
  port: number;
}

/** Of this network namespace, those on the way in or out included. */
export function listOpenFlows(): OpenFlow[] {
  return (['tcp', 'tcp6', 'udp', 'udp6'] as const).flatMap((table) =>
    linesOf(table).flatMap((line) => {
      const parsed = parseLine(line);
      if (!parsed || parsed.remote.port === 0) return [];
      const { local, remote, state } = parsed;
      const protocol = table.startsWith('tcp') ? ('tcp' as const) : ('udp' as const);
      return [{ protocol, local: unmapped(local), remote: unmapped(remote), state }];
    }),
  );
}

/** Empty when the table does not exist: a kernel without IPv6 has none for it. */
function linesOf(table: Table): string[] {
  return readIfThere(`/proc/self/net/${table}`).trim().split('\n').slice(1);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

export function parseSocket(line: string): Socket | undefined {
  const parsed = parseLine(line);
  if (!parsed) return undefined;
  const { local, remote, state, inode } = parsed;
  return { local: inWords(local), remote: inWords(remote), state: STATES[state] ?? 'other', inode };
}

/** `0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1234 ...` */
function parseLine(line: string): { local: End; remote: End; state: number; inode: number } | undefined {
  const [, here = '', there = '', state = '', , , , , , inode] = line.trim().split(/\s+/);
  const [local, remote] = [parseEnd(here), parseEnd(there)];
  return local && remote && { local, remote, state: parseInt(state, 16), inode: Number(inode) };
}

function inWords({ address, port }: End): SocketEnd {
  return { address: addressText(address), port };
}

function parseEnd(text: string): End | undefined {
  const [, address, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text) ?? [];
  if (address === undefined || port === undefined) return undefined;
  return { address: inNetworkOrder(address), port: parseInt(port, 16) };
}

/** The kernel prints an address as 32-bit words in host byte order. */
function inNetworkOrder(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  return endianness() === 'LE' ? bytes.swap32() : bytes;
}

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

function unmapped({ address, port }: End): End {
  const isMapped = address.length === 16 && address.subarray(0, 12).equals(MAPPED);
  return { address: isMapped ? address.subarray(12) : address, port };
}

/** 4 or 16 bytes in network order. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.subarray(0, 12).equals(MAPPED)) return bytes.subarray(12).join('.');
  return (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
}
