// Passes on a host that is made up: kernel and machine are fakes (kernel.ts, machine.ts); records, state files, plan and executor are
// real. What a pass decides is proven here, what a kernel does with it is not.
import { DiskObjectStore } from '../../src/disk/object-store.js';
import type { Journal } from '../../src/journal/journal.js';
import type { WriterLock } from '../../src/journal/lock.js';
import type { DesiredInterface, DesiredState } from '../../src/model/desired.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { NO_SAFEGUARDS, type Safeguards } from '../../src/model/safeguards.js';
import type { Suspension } from '../../src/model/suspension.js';
import type { Host, OpenHost } from '../../src/pass/host.js';
import { type PassInputs, QUIETLY, type Safeties, type Target } from '../../src/pass/inputs.js';
import { converge } from '../../src/pass/reconcile.js';
import { desired } from '../support/states.js';
import { FakeHost } from './host.js';
import { FakeMachine } from './machine.js';

/** What differs from a pass in which all is asked, and nothing is on hold or suspended. */
interface Change {
  target?: Partial<Target>;
  safeties?: Partial<Safeties>;
  report?: Partial<PassInputs['report']>;
  /** In place of a host that may be changed. */
  look?: boolean;
}

export const suspension = (only?: string): Suspension => ({
  reason: 'maintenance',
  by: 'root',
  since: '2026-01-01T00:00:00.000Z',
  ...(only !== undefined && { interface: only }),
});

export const NOT_ASKED = { notAsked: 'this test asks for something else' };

/** A trial with these safeguards. */
export const onTrial = (safeguards: Partial<Safeguards>): Partial<Safeties> => ({
  trial: { ask: { safeguards: { ...NO_SAFEGUARDS, ...safeguards }, readFrom: undefined } },
});

export class PassHost extends FakeHost {
  readonly machine = new FakeMachine(this.kernel);
  /** How often somebody looked at the kernel. */
  looks = 0;

  /** The host as a pass gets it; without its lock where it is only looked at. */
  open(lock: WriterLock): OpenHost;
  open(lock: WriterLock | undefined): Host;
  open(lock: WriterLock | undefined): Host {
    const look = () => {
      this.looks += 1;
      return Promise.resolve(this.kernel.observe());
    };
    const { bpffs, dataDir, machine } = this;
    const { pins } = this.kernel;
    const store = new DiskObjectStore(dataDir);
    return { bpffs, dataDir, lock, pins, machine, store, observe: look, firstLook: look };
  }

  /** Everything is asked, and has nothing to say. */
  inputs(place: Host, want: DesiredState, { target, safeties, report }: Change = {}): PassInputs {
    return {
      place,
      target: {
        desired: want,
        generation: { origin: 'reconcile' },
        interfaces: 'all',
        retry: false,
        goNative: false,
        deep: false,
        ...target,
      },
      safeties: {
        confirmation: { notAsked: 'no change waits' },
        hold: { notAsked: 'nothing is on hold' },
        planFile: { notAsked: 'no plan was written down' },
        suspensions: { ask: { inForce: [], except: new Set() } },
        pruneGuard: { ask: true },
        lockoutGuard: { ask: { remotes: [], accepted: false } },
        trial: { ask: { safeguards: NO_SAFEGUARDS, readFrom: undefined } },
        ...safeties,
      },
      report: { ...QUIETLY, ...report },
    };
  }

  /** One pass towards this state. */
  pass(wanted: DesiredInterface[] | DesiredState, change: Change = {}): Promise<Reconciliation> {
    const want = Array.isArray(wanted) ? desired(...wanted) : wanted;
    if (change.look === true)
      return converge(this.inputs(this.open(undefined), want, { report: { dryRun: true }, ...change }));
    return this.opened((host) => converge(this.inputs(host, want, change)));
  }

  /** Does something as the writer. */
  opened<T>(work: (host: OpenHost, journal: () => Journal) => Promise<T>): Promise<T> {
    return this.locked((lock, journal) => work(this.open(lock), () => journal));
  }
}
