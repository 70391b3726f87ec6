// Processes of others, as far as they may be seen: proc_pid_fd(5). A unit of ours sees none that has more rights.
import { readdirSync, readlinkSync } from 'node:fs';
import { textIfThere } from './if-there.js';

export interface SocketHolders {
  /** Inodes of the sockets that processes of the name hold. */
  inodes: ReadonlySet<number>;
  /** Whether each process could be asked, the first one too. */
  all: boolean;
  /** Inodes of the sockets that the others hold, as far as they may be asked: looked up when called. */
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

/** `undefined` where it ended, or is not ours to look into. */
function descriptorsOf(pid: string): string[] | undefined {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => linkIfThere(`${folder}/${fd}`) ?? []);
  } catch {
    return undefined;
  }
}

/** A descriptor may be closed meanwhile. */
function linkIfThere(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
