// The SSH session that this process runs in.
import type { SocketEnd } from './sockets.js';
import { textIfThere } from './if-there.js';

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
    const found = /(?:^|\0)SSH_CONNECTION=([^\0]*)/.exec(textIfThere(`/proc/${pid}/environ`) ?? '')?.[1];
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
  return Number(/^PPid:\s*(\d+)$/m.exec(textIfThere(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
}
