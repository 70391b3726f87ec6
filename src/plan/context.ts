// The inputs of planning besides the differences. Plain data, gathered by the caller.
import type { ConnectionSettings } from '../model/connections.js';
import type { DesiredInterface } from '../model/desired.js';
import type { Difference, LinkState } from '../model/difference.js';
import type { Installed } from '../model/drift.js';
import type { MapDefinition } from '../model/instance.js';
import type { ObservedInterface, ObservedState } from '../model/observed.js';
import type { JournalRecord } from '../model/record.js';
import type { NativeOutlook, LastAttachment } from '../model/step.js';

export interface PlanContext {
  observed: ObservedState;
  /** Instance digest -> maps of the wanted program. Needed only for instances that are not attached yet. */
  definitions: ReadonlyMap<string, MapDefinition[]>;
  past: Past;
  /** What is to record what leaves; absent where no rule of the host asks about connections. */
  egress?: WantedRecorder;
}

/** The program by its digest, and what its tables are to be. */
export interface WantedRecorder {
  digest: string;
  connections: ConnectionSettings;
}

/** What is known beside what is wanted and what is there: most of it from the journal's records of earlier passes. */
export interface Past {
  /** Interface -> inode of the network namespace from which we last attached it, in this boot. */
  attachedFrom: ReadonlyMap<string, number>;
  /** Interface -> its last step, when that failed lately: a step with a gap is not repeated at every pass. */
  failedLately: ReadonlyMap<string, FailedStep>;
  /** Ifindex -> why the driver refused native mode when our link was made, where that is recorded. */
  fellBackBecause: ReadonlyMap<number, string>;
  /** A change waits for its confirmation: former instances stay pinned. */
  keepsFormer: boolean;
  drift: DriftContext;
  attaching: AttachingContext;
}

export interface DriftContext {
  /** boot_id. */
  boot: string;
  /** Interface -> the instance that was last applied there. */
  installed: ReadonlyMap<string, Installed>;
  /** `driftKey` of drift that was healed too often -> its interface. */
  stalled: ReadonlyMap<string, string>;
  /** An operator asks to heal all drift (`--retry`). */
  insist: boolean;
}

/** How interfaces are attached now and were before. */
export interface AttachingContext {
  /** An operator asks for a native attachment where mode `auto` had fallen back. */
  goNative: boolean;
  /** Interface -> its last attachment, in this boot or an earlier one. */
  last: ReadonlyMap<string, LastAttachment>;
  /** Ifindex -> would native be refused again? For interfaces in mode `auto` that run in mode generic. */
  native: ReadonlyMap<number, NativeOutlook>;
  /** Digests of instances with a user's own program that accepts frames in several buffers; only where that matters. */
  takesFrags: ReadonlySet<string>;
}

interface FailedStep {
  step: JournalRecord['step'];
  note?: string;
}

/** The Difference of an interface that is wanted and exists. */
export interface WantedDifference extends Difference {
  wanted: DesiredInterface;
  observed: ObservedInterface;
}

/** The Difference of a wanted interface that runs our link. */
export interface AttachedDifference extends WantedDifference {
  linkState: Extract<LinkState, { kind: 'attached' }>;
}
