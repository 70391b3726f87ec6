// What may be said of a pass from outside: on the command line, by the daemon.
import type { Endpoint } from './flow.js';
import type { HostPaths } from './host-paths.js';
import type { Progress } from './progress.js';

/** What may be said of one change. */
export interface ChangeOptions {
  /** Try again what failed lately, though it may cost a gap. */
  retry?: boolean;
  /** Milliseconds within which a change has to be confirmed, in place of what the Host file says. */
  confirmWithin?: number;
  /** Make the change though it drops a flow that must live. */
  acceptLockout?: boolean;
  /** Detach also what looks like an accident. */
  allowPrune?: boolean;
  /** Compare what the kernel holds with what it should hold, and do not go by names. */
  deep?: boolean;
}

/** Where the desired state of a host is read from. */
interface StatePlace {
  stateDir: string;
  host: string;
  /** What diagnostics call the state directory; they name its files alone when it is absent. */
  shownAs?: string;
  /** Whom the state files come from: their answers have to get through. */
  remotes?: readonly Endpoint[];
}

/** Of who compares a host with its state files. */
export interface LookOptions extends HostPaths {
  from: StatePlace;
}

export interface ReconcileOptions extends LookOptions {
  change: ChangeOptions;
  /** Plan and prove, change nothing, take no lock. */
  dryRun: boolean;
  /** Told while lists are read and programs are proven. */
  progress?: Progress;
}
