// Opens a host. To change it, the caller needs the rights and the writer lock, and a change on trial whose time is over is undone first;
// the warning about that is added here to the result or the error, so that no caller can forget it. To look at it, the rights suffice,
// and nothing is written to the disk.
import { DiskObjectStore, MemoryObjectStore } from '../disk/object-store.js';
import { type WriterLock, withWriterLock } from '../journal/lock.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { pinsOf } from '../kernel/pins.js';
import { XdpkeepError } from '../model/errors.js';
import type { HostPaths } from '../model/host-paths.js';
import { observe } from '../observe/observe.js';
import { endOverdueTrial } from '../trial/overdue.js';
import type { Host, OpenHost } from './host.js';
import { MACHINE } from './machine.js';
import { writtenNow } from './written-now.js';

/** A result that carries warnings. */
interface Told {
  warnings: readonly string[];
}

/** A host to look at. Throws a PermissionError without the rights. */
export function viewHost(paths: HostPaths): Host {
  requireCapabilities();
  return {
    ...placesOf(paths),
    lock: undefined,
    store: new MemoryObjectStore(new DiskObjectStore(paths.dataDir)),
  };
}

/**
 * Does `work` as the only one who changes this host. Throws a PermissionError without the rights, a LockedError at once when
 * somebody else is at work.
 */
export function withHost<Result extends Told>(
  paths: HostPaths,
  work: (host: OpenHost) => Promise<Result>,
): Promise<Result> {
  return withLockedHost(paths, ({ lock }) => openHost(lock, paths, work));
}

/** The same for a caller that holds the lock. */
export async function openHost<Result extends Told>(
  lock: WriterLock,
  paths: HostPaths,
  work: (host: OpenHost) => Promise<Result>,
): Promise<Result> {
  const host = lockedHost(lock, paths);
  const undone = await endOverdueTrial(lock, host.pins, writtenNow);
  if (undone === undefined) return work(host);
  const warning = undoneWords(undone);
  try {
    const result = await work({ ...host, undone });
    return { ...result, warnings: [warning, ...result.warnings] };
  } catch (error) {
    if (error instanceof XdpkeepError) error.warnings.unshift(warning);
    throw error;
  }
}

/** The warning about a change that was undone; exported for callers that open a host more than once for one result. */
export function undoneWords(reason: string): string {
  return `the change before this one was undone: ${reason}`;
}

/** For `confirm` and `cancel`, which decide the change on trial themselves: an overdue one is not undone here. */
export function withLockedHost<Result>(
  paths: HostPaths,
  work: (host: OpenHost) => Promise<Result>,
): Promise<Result> {
  requireCapabilities();
  return withWriterLock(paths.dataDir, (lock) => work(lockedHost(lock, paths)));
}

function lockedHost(lock: WriterLock, paths: HostPaths): OpenHost {
  return { ...placesOf(paths), lock, store: new DiskObjectStore(paths.dataDir) };
}

function placesOf({ bpffs, dataDir }: HostPaths): Omit<Host, 'lock' | 'store'> {
  const look = () => observe({ bpffs });
  return { bpffs, dataDir, pins: pinsOf(bpffs), machine: MACHINE, observe: look, firstLook: look };
}
