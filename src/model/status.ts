// What `status --output json` prints. docs/json.md explains every field; names are kept and only added to.
import type { ConnectionsStatus } from './connection-table.js';
import type { AppliedState } from './history.js';
import type { MemoryReport } from './memory.js';
import type { ObservedInterface, TcProgram, XdpAttachment } from './observed.js';
import type { PendingReport } from './pending.js';
import type { Hold, ReportedInterface } from './reconciliation.js';
import type { Revision } from './revision.js';
import type { Suspension } from './suspension.js';

/** In the order in which they are printed. */
export const STATUS_CONDITIONS = [
  'Ready',
  'Degraded',
  'Pending',
  'Drifted',
  'Stalled',
  'Held',
  'Suspended',
  'PendingConfirm',
  'SourceVerified',
] as const;

/** One question about the host as a whole, with its answer. */
export interface StatusCondition {
  type: (typeof STATUS_CONDITIONS)[number];
  status: 'True' | 'False' | 'Unknown';
  /** One word for programs: `InSync`, `ChangesPending`. */
  reason: string;
  /** For people; one line. */
  message: string;
  /** ISO 8601; absent where nothing recorded when it began. */
  since?: string;
}

/** What our link on an interface runs. */
export interface RunningProgram {
  kind: 'policy' | 'program';
  /** Of the policy, or the program as state files name it; absent when no generation knows it. */
  name?: string;
  /** Of policies: `audit` passes what it would drop. */
  mode?: 'enforce' | 'audit';
  /** When this program was loaded, ISO 8601. */
  loaded?: string;
}

/** Whatever the policy was when they came: these rise through every change, until the interface is detached. */
export interface PacketTotals {
  /** Packets that came in, and bytes of their frames. */
  seen: number;
  seenBytes: number;
  /** Those that were dropped; in audit mode none is. */
  dropped: number;
  droppedBytes: number;
}

export interface InterfaceStatus extends ReportedInterface {
  /** The wanted program, as the state files name it; absent when nothing is wanted here. */
  program?: string;
  /** Absent when our link is not there, or on no interface. */
  running?: RunningProgram;
  /** When our link was attached, ISO 8601. */
  attached?: string;
  /** When the journal last recorded a change here, ISO 8601. */
  changed?: string;
  /** Of policies alone: programs of the user's own count, or not, as they like. */
  packets?: PacketTotals;
  /** The program that records what leaves here, for rules that ask about connections; absent where none is attached. */
  egress?: { programId: number; linkId: number };
  /** Every XDP program on the interface, ours included. */
  xdp: XdpAttachment[];
  /** Those of `xdp` that are not ours. */
  foreign: XdpAttachment[];
  /** tc programs that see the packets which XDP passes. */
  tc: TcProgram[];
}

export interface OtherInterface extends Omit<ObservedInterface, 'device'> {
  xdp: OtherAttachment[];
}

interface OtherAttachment extends XdpAttachment {
  /** The interface whose pinned link holds it: it was renamed since. Absent for programs that are not ours. */
  pinnedFor?: string;
}

export interface Status {
  apiVersion: 'xdpkeep/v1';
  kind: 'Status';
  host: string;
  /** When it was looked, ISO 8601. */
  time: string;
  generation: number;
  /** One of each type. */
  conditions: StatusCondition[];
  hold?: Hold;
  /** What is desired: the commit that the state files are of; absent when they did not come from git. */
  revision?: Revision;
  /** The newest generation; absent before the first change. */
  applied?: AppliedState;
  /** The newest generation that was confirmed, or that nobody had to confirm; absent where there is none. */
  confirmed?: AppliedState;
  /** A change that waits for its confirmation, with the time left. */
  pending?: PendingReport;
  /** Those in force; absent when there are none. */
  suspensions?: Suspension[];
  /** Blocks in force, outside of git; absent when there are none. */
  blocks?: { count: number; most: number };
  /** What is known of connections; absent where no policy that runs asks. */
  connections?: ConnectionsStatus;
  interfaces: InterfaceStatus[];
  /** Interfaces that nobody wants anything on and that run XDP or tc programs. */
  others: OtherInterface[];
  /** Only where it was asked for. */
  memory?: MemoryReport;
  warnings: string[];
}
