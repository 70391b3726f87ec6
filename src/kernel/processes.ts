// Processes of others, as far as they may be seen: proc_pid_fd(5). A unit of ours sees none that has more rights.
import { readdirSync, readlinkSync } from 'node:fs';
import { textIfThere } from './if-there.js';

/** Inodes of the sockets that processes of this name hold. `all`: each process could be asked, the first one too. */
export function socketsOf(name: string): { inodes: Set<number>; all: boolean } {
  const inodes = new Set<number>();
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    if (textIfThere(`/proc/${pid}/comm`)?.trim() !== name) continue;
    for (const target of descriptorsOf(pid) ?? []) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) inodes.add(Number(inode));
    }
  }
  return { inodes, all: (descriptorsOf('1') ?? []).length > 0 };
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
