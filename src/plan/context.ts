// What planning must know beside the differences. Plain data, gathered by the caller.
import type { DesiredInterface } from '../model/desired.js';
import type { Difference, LinkState } from '../model/difference.js';
import type { Installed } from '../model/drift.js';
import type { MapDefinition } from '../model/instance.js';
import type { ObservedInterface, ObservedState } from '../model/observed.js';
import type { JournalRecord } from '../model/record.js';
import type { NativeOutlook, LastAttachment } from '../model/step.js';

export interface PlanContext {
  observed: ObservedState;
  /** Maps of the wanted programs by instance digest; only those that are not attached yet are needed. */
  definitions: ReadonlyMap<string, MapDefinition[]>;
  past: Past;
  /** Digest of the program that is to record what leaves; absent where no rule of the host asks about connections. */
  egress?: string;
  /** A change waits for its confirmation: what ran before it stays pinned. */
  keepsFormer?: boolean;
}

/** What the journal knows of earlier passes. */
export interface Past {
  /** Interface -> inode of the network namespace that we last attached it from, in this boot. */
  attachedFrom: ReadonlyMap<string, number>;
  /** Interface -> its last step, when that failed lately: a step with a gap is not tried again at every pass. */
  failedLately: ReadonlyMap<string, FailedStep>;
  /** Ifindex -> why the driver refused native mode when our link was made there, where that is known. */
  fellBackBecause: ReadonlyMap<number, string>;
  drift: DriftContext;
  attaching: AttachingContext;
}

export interface DriftContext {
  /** boot_id. */
  boot: string;
  /** Interface -> what was brought into effect there last. */
  installed: ReadonlyMap<string, Installed>;
  /** `driftKey` of what was healed too often -> its interface. */
  stalled: ReadonlyMap<string, string>;
  /** Heal whatever there is: an operator asks for it. */
  insist: boolean;
}

/** What is known of how interfaces are attached and were before. */
export interface AttachingContext {
  /** An operator asks for a native attachment where mode `auto` had fallen back. */
  goNative: boolean;
  /** Interface -> how it ran last, in this boot or before. */
  last: ReadonlyMap<string, LastAttachment>;
  /** Ifindex -> would native be refused again? Of interfaces in mode `auto` that run in mode generic. */
  native: ReadonlyMap<number, NativeOutlook>;
  /** Digests of instances with programs of the user's own that take frames in several buffers; asked where that matters. */
  takesFrags: ReadonlySet<string>;
}

interface FailedStep {
  step: JournalRecord['step'];
  note?: string;
}

/** A Difference of an interface that is wanted and exists. */
export interface WantedDifference extends Difference {
  wanted: DesiredInterface;
  observed: ObservedInterface;
}

/** One of an interface that runs our link. */
export interface AttachedDifference extends WantedDifference {
  linkState: Extract<LinkState, { kind: 'attached' }>;
}
