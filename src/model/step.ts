// A step is what will be done to one interface: shown by the dry run, journaled, executed, and undone through its
// inverse, always the same object. Steps carry ids that were observed, so that execution can refuse a changed world.
import type { ConnectionSettings, Lives } from './connections.js';
import type { AttachMode, DesiredProgram } from './desired.js';
import type { DriftCause } from './drift.js';

/** What reports call a step. */
export type Action = 'attach' | 'update' | 'detach' | 'none';

interface StepBase {
  interface: string;
  action: Action;
  /** One sentence, lower case, no full stop. */
  reason: string;
  /** True when packets meet no program of ours between two moments of this step. */
  gap: boolean;
  /** Why it is needed though nothing else is wanted than before; absent for what is. */
  drift?: DriftCause;
}

/** Which maps of a new instance keep their content. Names as in the object file. */
export interface MapCarry {
  carried: string[];
  fresh: { name: string; why: string }[];
}

/** The instance that a step brings in. */
export interface TargetInstance {
  digest: string;
  /** True when a complete instance of this digest is pinned already and is used as it is. */
  pinned: boolean;
  /** What to load; absent on inverses, whose instance is always pinned. */
  program?: DesiredProgram;
  /** The pinned instance whose maps are carried over; absent when there is none. */
  carryFrom?: string;
  maps: MapCarry;
}

/** A foreign XDP program in our way, with how it is held. */
export interface ForeignProgram {
  programId: number;
  programName: string;
  mode: AttachMode;
  /** The bpf_link that holds it; absent for a netlink attachment. */
  linkId?: number;
}

/** A taken-over program that waits in `foreign/<ifname>`, and the mode that it had. */
export interface KeptProgram {
  programId: number;
  mode: AttachMode;
}

/** How a link was made. */
export interface Attachment {
  mode: AttachMode;
  /** Why the driver refused native mode, where `auto` then took another one. */
  fellBackBecause?: string;
}

/** Would native be refused again? `refused`: the properties of the device say so. `unknown`: they do not show the former cause. */
export type NativeOutlook = 'possible' | 'unknown' | 'refused';

/** How an interface was last attached, by the journal. */
export interface LastAttachment extends Attachment {
  digest: string;
  ifindex: number;
}

/**
 * A link of ours above the interface of a step: while it is there, the kernel lets nobody attach below. It is dropped first and
 * made anew, with the program that it had, as soon as the step has attached.
 */
export interface LiftedLink {
  interface: string;
  ifindex: number;
  /** Tried in this order; the first is that which it had. */
  modes: AttachMode[];
}

/** Attaches to an interface that has none of our links, taking it over first where that is wanted. */
export interface AttachStep extends StepBase {
  kind: 'attach';
  action: 'attach' | 'update';
  ifindex: number;
  /** Tried in this order; more than one only for mode `auto`. */
  modes: AttachMode[];
  instance: TargetInstance;
  takeOver?: ForeignProgram;
  /** A link of ours is pinned for this name whose interface is gone or elsewhere: it makes room first. */
  dropLink: boolean;
  /** Why it is not tried natively again, where it ran in mode generic before. */
  fellBackBecause?: string;
  /** In the order in which they are made anew; absent when there are none. */
  lifts?: LiftedLink[];
  /** In the record of its outcome. */
  attached?: Attachment;
}

/** Compare-and-swap on our link: no packet passes unseen. */
export interface SwapStep extends StepBase {
  kind: 'swap';
  action: 'update';
  ifindex: number;
  mode: AttachMode;
  linkId: number;
  /** The program that the link must still run; absent on inverses, which expect the instance `fromDigest`. */
  fromProgramId?: number;
  /** The instance that is left; absent when the link runs a program of no pinned instance. */
  fromDigest?: string;
  instance: TargetInstance;
}

/** A change of mode: the kernel wants the old link gone before it makes the new one. */
export interface ReattachStep extends StepBase {
  kind: 'reattach';
  action: 'update';
  ifindex: number;
  modes: AttachMode[];
  linkId: number;
  fromMode: AttachMode;
  fromDigest?: string;
  instance: TargetInstance;
  lifts?: LiftedLink[];
  /** In the record of its outcome. */
  attached?: Attachment;
}

/** Takes our link and all pins of the interface away, and gives a taken-over program back. */
export interface DetachStep extends StepBase {
  kind: 'detach';
  action: 'detach';
  /** Absent when the interface is gone or in another namespace. */
  ifindex?: number;
  /** Of the link and the instance that are left; absent when there is no link of ours. */
  linkId?: number;
  mode?: AttachMode;
  fromDigest?: string;
  /** `ifTaken`, on inverses: there is nothing to give back where the take-over never began. */
  giveBack?: KeptProgram & { ifTaken?: true };
  /** Of use where something is given back, and to the inverse. */
  lifts?: LiftedLink[];
}

/** Moves the pins of an interface that was renamed; where the new name has pins too, the two are exchanged. */
interface RenameStep extends StepBase {
  kind: 'rename';
  action: 'update';
  /** The name before; `interface` is the one now. */
  from: string;
  ifindex: number;
  linkId: number;
}

export interface RepinnedMap {
  name: string;
  id: number;
  /** The counters and the blocks of a policy: they lie beside the instances. */
  ofInterface?: true;
  /** Of the connections of the host: it lies beside their tables. */
  ofHost?: true;
}

/** Pins maps of the running program again. */
export interface RepinStep extends StepBase {
  kind: 'repin';
  action: 'update';
  digest: string;
  maps: RepinnedMap[];
}

/** Removes pins that an interrupted run left beside an instance that is in use. */
export interface CleanStep extends StepBase {
  kind: 'clean';
  action: 'update';
  keepDigest: string;
}

/** Attaches the recorder to an interface, before rules of the host ask about connections. */
export interface RecordStep extends StepBase {
  kind: 'record';
  action: 'update';
  ifindex: number;
  /** Of the recorder, with the size of the tables where that is not the usual one. */
  digest: string;
  connections: ConnectionSettings;
}

/** Changes for how long flows are kept, while everything runs on. Of the host: the step of one interface does it for all. */
export interface RetimeStep extends StepBase {
  kind: 'retime';
  action: 'update';
  timeouts: Lives;
  former: Lives;
}

/** Removes the recorder from an interface, or the former one: no rule asks about connections any more, or another one is there. */
export interface ForgetStep extends StepBase {
  kind: 'forget';
  action: 'update';
  /** Of the recorder that stays; absent when none does. */
  keepDigest?: string;
}

export type Condition =
  'Ready' | 'Degraded' | 'Missing' | 'Refused' | 'Failed' | 'Pending' | 'Drifted' | 'Stalled';

/** Nothing to do, or nothing that may be done; `condition` says which. */
export interface NoStep extends StepBase {
  kind: 'none';
  action: 'none';
  ifindex?: number;
  condition: Condition;
  hint?: string;
}

export type EffectiveStep =
  | RenameStep
  | RepinStep
  | AttachStep
  | SwapStep
  | ReattachStep
  | DetachStep
  | CleanStep
  | RecordStep
  | RetimeStep
  | ForgetStep;
export type Step = EffectiveStep | NoStep;

/** A step with what undoes it. A clean step has no inverse: what it removes was in nobody's use. */
export interface PlannedStep {
  step: Step;
  inverse?: EffectiveStep;
}

export interface Plan {
  /** In the order of execution: attach and update first, detach after, so that nothing is left open meanwhile. */
  steps: PlannedStep[];
  /** What the operator should know though it stops nothing: a glob that matches no interface. */
  warnings: string[];
}
