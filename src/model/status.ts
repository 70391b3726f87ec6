// What `status --output json` prints.
import type { MemoryReport } from './memory.js';
import type { ObservedInterface, TcProgram, XdpAttachment } from './observed.js';
import type { PendingReport } from './pending.js';
import type { Hold, ReportedInterface } from './reconciliation.js';
import type { Revision } from './revision.js';
import type { Suspension } from './suspension.js';

export interface InterfaceStatus extends ReportedInterface {
  /** The wanted program, as the state files name it; absent when nothing is wanted here. */
  program?: string;
  /** Every XDP program on the interface, ours included. */
  xdp: XdpAttachment[];
  /** tc programs that see the packets which XDP passes. */
  tc: TcProgram[];
}

export interface OtherInterface extends ObservedInterface {
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
  generation: number;
  hold?: Hold;
  /** The commit that the state files are of; absent when they did not come from git. */
  revision?: Revision;
  /** A change that waits for its confirmation, with the time left. */
  pending?: PendingReport;
  /** Those in force; absent when there are none. */
  suspensions?: Suspension[];
  interfaces: InterfaceStatus[];
  /** Interfaces that nobody wants anything on and that run XDP or tc programs. */
  others: OtherInterface[];
  /** Only where it was asked for. */
  memory?: MemoryReport;
  warnings: string[];
}
