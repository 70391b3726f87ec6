// Opening a host, for whoever is about to change it: the rights are there, nobody else is at work, and a change on trial that
// is over was undone. That last one is told with whatever comes after it, a result or an error: nobody who opens a host can
// forget to say it.
import { DiskObjectStore } from '../disk/object-store.js';
import { type WriterLock, withWriterLock } from '../journal/lock.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { type Pins, pinsOf } from '../kernel/pins.js';
import { XdpkeepError } from '../model/errors.js';
import type { HostPaths } from '../model/host-paths.js';
import type { ObjectStore } from '../model/object-store.js';
import { endOverdueTrial } from '../trial/overdue.js';
import { writtenNow } from './written-now.js';

/** A host that may be changed, until the work that it was given to has ended. */
export interface Host extends HostPaths {
  lock: WriterLock;
  /** Our pins, and the kernel behind them. */
  pins: Pins;
  store: ObjectStore;
  /** Why a change on trial was undone as this host was opened. It is said already. */
  undone?: string;
}

/** Something that is told to whoever asked for the work. */
interface Told {
  warnings: readonly string[];
}

/**
 * Does `work` as the only one who changes this host. Throws a PermissionError without the rights, a LockedError at once when
 * somebody else is at work.
 */
export function withHost<Result extends Told>(
  paths: HostPaths,
  work: (host: Host) => Promise<Result>,
): Promise<Result> {
  requireCapabilities();
  return withWriterLock(paths.dataDir, (lock) => openHost(lock, paths, work));
}

/** The same for whoever has the lock. */
export async function openHost<Result extends Told>(
  lock: WriterLock,
  { bpffs, dataDir }: HostPaths,
  work: (host: Host) => Promise<Result>,
): Promise<Result> {
  const pins = pinsOf(bpffs);
  const undone = await endOverdueTrial(lock, pins, writtenNow);
  const host = { bpffs, dataDir, lock, pins, store: new DiskObjectStore(dataDir) };
  if (undone === undefined) return work(host);
  const warning = `the change before this one was undone: ${undone}`;
  try {
    const result = await work({ ...host, undone });
    return { ...result, warnings: [warning, ...result.warnings] };
  } catch (error) {
    if (error instanceof XdpkeepError) error.warnings.unshift(warning);
    throw error;
  }
}
