// Who is connected over SSH: the session that this process runs in, and the ports that sshd listens on.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket, SocketEnd } from './sockets.js';

const DEFAULT_PORT = 22;

export interface SshSession {
  local: SocketEnd;
  remote: SocketEnd;
}

/**
 * The session of this process, from SSH_CONNECTION (ssh(1)): its own, or that of the nearest parent that has it, since
 * sudo and systemd-run take it away. `undefined` outside of SSH.
 */
export function sshSession(): SshSession | undefined {
  const own = process.env['SSH_CONNECTION'];
  if (own !== undefined) return parseSession(own);
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
    const found = /(?:^|\0)SSH_CONNECTION=([^\0]*)/.exec(readOrNothing(`/proc/${pid}/environ`))?.[1];
    if (found !== undefined) return parseSession(found);
  }
  return undefined;
}

/** `192.0.2.7 51234 198.51.100.1 22` */
function parseSession(text: string): SshSession | undefined {
  const [from, fromPort, to, toPort] = text.split(' ');
  if (from === undefined || to === undefined || toPort === undefined) return undefined;
  return {
    remote: { address: from, port: Number(fromPort) },
    local: { address: to, port: Number(toPort) },
  };
}

/** 0 when it ended, or when nobody may look. */
function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** Ports of the listening sockets that processes called sshd hold; 22 when there are none, or none that may be seen. */
export function sshPorts(sockets: readonly Socket[]): Set<number> {
  const inodes = socketsOfSshd();
  const ports = sockets
    .filter(({ state, inode }) => state === 'listening' && inodes.has(inode))
    .map(({ local }) => local.port);
  return new Set(ports.length > 0 ? ports : [DEFAULT_PORT]);
}

function socketsOfSshd(): Set<number> {
  const inodes = new Set<number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (readOrNothing(`/proc/${pid}/comm`).trim() !== 'sshd') continue;
    for (const target of descriptorsOf(pid)) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) inodes.add(Number(inode));
    }
  }
  return inodes;
}

function descriptorsOf(pid: string): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
  } catch {
    return []; // it ended, or is not ours to look into
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
