// The bpffs: is it mounted, and directories, symbolic links and removal on it. Pinned objects: pinned.ts. Refuses to mount in a
// private mount namespace, where the mount, and every attachment with it, would vanish when this process ends.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import { EnvironmentError } from '../model/errors.js';
import { callFailed, lastErrno, libc } from './ffi.js';

/** Where Linux distributions mount it. xdpkeep mounts a bpffs only there. */
export const DEFAULT_BPFFS = '/sys/fs/bpf';

const BPF_FS_MAGIC = 0xcafe4a11; // uapi/linux/magic.h

/** False also when there is no such directory. */
export function isBpffs(directory: string): boolean {
  return existsSync(directory) && statfsSync(directory).type === BPF_FS_MAGIC;
}

/** Makes sure that `bpffs` is mounted: mounts the default one, throws an EnvironmentError that says how for any other. */
export function ensureMounted(bpffs: string): void {
  if (isBpffs(bpffs)) return;
  if (bpffs !== DEFAULT_BPFFS) {
    throw new EnvironmentError(`${bpffs} is not a bpffs`, {
      hint: `Mount one: mkdir -p ${bpffs} && mount -t bpf bpf ${bpffs}`,
    });
  }
  if (!sharesMountsWithInit()) {
    throw new EnvironmentError(
      `no bpffs is mounted at ${bpffs}, and one mounted here would vanish with this process`,
      {
        hint: `Run \`mount -t bpf bpf ${bpffs}\` outside, and enter a network namespace with nsenter --net, not ip netns exec.`,
      },
    );
  }
  if (libc().mount('bpf', bpffs, 'bpf', 0, 'mode=0700') === 0) return;
  const cause = callFailed(`mount a bpffs at ${bpffs}`, lastErrno());
  throw new EnvironmentError(cause.message, { cause, hint: `Mount it by hand: mount -t bpf bpf ${bpffs}` });
}

/** False in a private mount namespace: under `ip netns exec`, in a unit with PrivateMounts=. */
function sharesMountsWithInit(): boolean {
  try {
    return readlinkSync('/proc/1/ns/mnt') === readlinkSync('/proc/self/ns/mnt');
  } catch {
    return false; // not readable: assume that they differ
  }
}

export interface Entry {
  /** Encoded, as it is on the bpffs. */
  name: string;
  kind: 'directory' | 'pin' | 'symlink';
}

/** Sorted by name; empty when there is no such directory. */
export function listEntries(directory: string): Entry[] {
  const found =
    unlessAbsent(`read ${directory}`, () => readdirSync(directory, { withFileTypes: true })) ?? [];
  const entries = found.map((entry): Entry => {
    if (entry.isDirectory()) return { name: entry.name, kind: 'directory' };
    return { name: entry.name, kind: entry.isSymbolicLink() ? 'symlink' : 'pin' };
  });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Makes a directory (0700) and its parents; does nothing when it exists. */
export function makeDirectory(path: string): void {
  attempt(`make ${path}`, () => mkdirSync(path, { recursive: true, mode: 0o700 }));
}

/** Removes a pin, a symbolic link or a directory with its content; does nothing when there is none. */
export function remove(path: string): void {
  attempt(`remove ${path}`, () => {
    rmSync(path, { recursive: true, force: true });
  });
}

/** Removes a directory if it is empty; true when it is gone. */
export function removeIfEmpty(directory: string): boolean {
  if (listEntries(directory).length > 0) return false;
  unlessAbsent(`remove ${directory}`, () => {
    rmdirSync(directory);
  });
  return true;
}

/** Makes a symbolic link, or replaces it. Links are the only way to store text on a bpffs. */
export function writeSymlink(path: string, target: string): void {
  attempt(`make ${path}`, () => {
    rmSync(path, { force: true });
    symlinkSync(target, path);
  });
}

/** Its target; `undefined` when there is none. */
export function readSymlink(path: string): string | undefined {
  return unlessAbsent(`read ${path}`, () => readlinkSync(path));
}

export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Swaps the names of two entries; where only one exists, it is renamed. Atomic in either case. */
export function exchange(a: string, b: string): void {
  if (!isThere(a)) rename(b, a);
  else if (!isThere(b)) rename(a, b);
  else {
    const result = libc().renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
    if (result !== 0) throw callFailed(`exchange ${a} and ${b}`, lastErrno());
  }
}

/** Does nothing when `from` does not exist. */
export function rename(from: string, to: string): void {
  unlessAbsent(`rename ${from}`, () => {
    renameSync(from, to);
  });
}

const AT_FDCWD = -100; // fcntl.h
const RENAME_EXCHANGE = 2; // uapi/linux/fs.h

function unlessAbsent<T>(call: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw asKernelError(call, error);
  }
}

function attempt(call: string, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    throw asKernelError(call, error);
  }
}

function asKernelError(call: string, error: unknown): unknown {
  const { errno } = error as NodeJS.ErrnoException;
  return errno === undefined ? error : callFailed(call, -errno);
}
