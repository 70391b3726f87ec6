// Which sockets other processes hold: proc_pid_fd(5). Our units cannot look into processes that have more rights than they.
import { readdirSync, readlinkSync } from 'node:fs';
import { textIfThere } from './if-there.js';

export interface SocketHolders {
  /** Inodes of the sockets that processes of the given name hold. */
  inodes: ReadonlySet<number>;
  /** Every process could be read, process 1 included. */
  all: boolean;
  /** Inodes of the sockets of all other processes that can be read; looked up on the first call. */
  others: () => ReadonlySet<number>;
}

export function socketsOf(name: string): SocketHolders {
  const [named, others] = [new Set<string>(), new Set<string>()];
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    (textIfThere(`/proc/${pid}/comm`)?.trim() === name ? named : others).add(pid);
  }
  let held: Set<number> | undefined;
  return {
    inodes: inodesOf(named),
    all: (descriptorsOf('1') ?? []).length > 0,
    others: () => (held ??= inodesOf(others)),
  };
}

function inodesOf(pids: Iterable<string>): Set<number> {
  const inodes = new Set<number>();
  for (const pid of pids) {
    for (const target of descriptorsOf(pid) ?? []) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) inodes.add(Number(inode));
    }
  }
  return inodes;
}

/** `undefined` when the process ended or may not be read. */
function descriptorsOf(pid: string): string[] | undefined {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => linkIfThere(`${folder}/${fd}`) ?? []);
  } catch {
    return undefined;
  }
}

/** `undefined` when the descriptor was closed meanwhile. */
function linkIfThere(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
