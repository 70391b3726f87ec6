// Opening a host. For whoever is about to change it: the rights are there, nobody else is at work, and a change on trial that is
// over was undone. That last one is told with whatever comes after it, a result or an error: nobody who opens a host can forget
// to say it. For whoever only looks: the rights are there, and what is made stays in memory.
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

/** Something that is told to whoever asked for the work. */
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

/** The same for whoever has the lock. */
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

/** What is told of a change that was undone. For whoever opens a host more than once for one result. */
export function undoneWords(reason: string): string {
  return `the change before this one was undone: ${reason}`;
}

/** For whoever decides a change on trial himself: it is left as it is, overdue or not. */
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
