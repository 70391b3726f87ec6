// A host that is open: to be looked at, or, with its lock, to be changed. `open-host.ts` makes it.
import type { WriterLock } from '../journal/lock.js';
import type { Pins } from '../kernel/pins.js';
import type { HostPaths } from '../model/host-paths.js';
import type { ObjectStore } from '../model/object-store.js';
import type { ObservedState } from '../model/observed.js';
import type { Machine } from './machine.js';

export interface Host extends HostPaths {
  /** The right to change it; `undefined` for who only looks. */
  lock: WriterLock | undefined;
  /** Our pins, and the kernel behind them. */
  pins: Pins;
  machine: Machine;
  store: ObjectStore;
  /** What the kernel runs, and what is pinned. */
  observe: () => Promise<ObservedState>;
  /** The same for the first look of a pass, which may have begun before it is asked for. */
  firstLook: () => Promise<ObservedState>;
}

/** A host that may be changed, until the work that it was given to has ended. */
export interface OpenHost extends Host {
  lock: WriterLock;
  /** Why a change on trial was undone as this host was opened. It is said already. */
  undone?: string;
}
