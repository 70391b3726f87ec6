// Lists the listening TCP sockets and the cgroup in which each was made, through sock_diag(7), which needs no right to look into other
// processes. Where the kernel has no sock_diag, /proc/net lists the sockets without their cgroups.
// Sources: uapi/linux/sock_diag.h, uapi/linux/inet_diag.h.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KernelError } from '../model/errors.js';
import { attributes, list } from './netlink.js';
import { listTcp } from './sockets.js';

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const FAMILIES = [2, 10]; // AF_INET, AF_INET6
const IPPROTO_TCP = 6;
const LISTENING = 1 << 10; // TCPF_LISTEN, net/tcp_states.h
const QUESTION = 56; // struct inet_diag_req_v2
const ANSWER = 72; // struct inet_diag_msg
const SOURCE_PORT = 4;
const SOURCE = 8;
const INODE = 68;
const CGROUP_ID = 21; // INET_DIAG_CGROUP_ID, since Linux 5.7

/** Mount points of the cgroup v2 hierarchy. Where systemd uses both versions, it is the first one. */
const CGROUPS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'];

export interface Listener {
  port: number;
  inode: number;
  /** It is bound to a loopback address. */
  loopback: boolean;
  /** The kernel's id of the cgroup in which it was made; absent where the kernel does not report it. */
  cgroup?: bigint;
}

/** All listening TCP sockets. `ask` throws a KernelError where the kernel, or its module, has no sock_diag. */
export function listListeners(ask = askSockDiag): Listener[] {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const listening = listTcp().filter(({ state }) => state === 'listening');
    return listening.map(({ local: { address, port }, inode }) => ({
      port,
      inode,
      loopback: address === '::1' || address.startsWith('127.'),
    }));
  }
}

function askSockDiag(): Listener[] {
  return FAMILIES.flatMap((family) => {
    const question = Buffer.alloc(QUESTION);
    question.writeUInt8(family, 0);
    question.writeUInt8(IPPROTO_TCP, 1);
    question.writeUInt32LE(LISTENING, 4);
    return list(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, question).map((message): Listener => {
      const cgroup = attributes(message.subarray(ANSWER)).get(CGROUP_ID)?.readBigUInt64LE();
      return {
        port: message.readUInt16BE(SOURCE_PORT),
        inode: message.readUInt32LE(INODE),
        loopback: isLoopback(family, message.subarray(SOURCE, SOURCE + 16)),
        ...(cgroup !== undefined && { cgroup }),
      };
    });
  });
}

const LOOPBACK6 = Buffer.from('00000000000000000000000000000001', 'hex');

function isLoopback(family: number, address: Buffer): boolean {
  return family === FAMILIES[0] ? address.readUInt8() === 127 : address.equals(LOOPBACK6);
}

/** Id of a cgroup -> its path below the root of cgroups. The id is the inode of the folder. */
export function cgroupPaths(
  wanted: ReadonlySet<bigint>,
  root = CGROUPS.find((path) => existsSync(path)) ?? '',
): Map<bigint, string> {
  const found = new Map<bigint, string>();
  const look = (path: string): void => {
    if (found.size === wanted.size) return;
    const folder = join(root, path);
    try {
      const { ino } = statSync(folder, { bigint: true });
      if (wanted.has(ino)) found.set(ino, path);
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) look(join(path, entry.name));
      }
    } catch {
      // The cgroup vanished meanwhile, or cgroups are not mounted.
    }
  };
  if (wanted.size > 0) look('/');
  return found;
}
