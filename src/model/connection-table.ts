// What is in the tables of connections, as `xdpkeep connections`, `status` and metrics say it.
import type { Cidr } from '../addresses/cidr.js';
import { type ConnectionTable, type GraceWindow, PHASES, type Tracking } from './connections.js';

/** Of TCP what this host has sent last that matters; of all else whether a packet has come in. */
export const FLOW_STATES = [...PHASES, 'unanswered', 'answered'] as const;
export type FlowState = (typeof FLOW_STATES)[number];

/** Which flows are meant; each that is there must hold. */
export interface FlowFilter {
  /** Of either end. */
  address?: Cidr;
  /** Of either end, bounds inclusive; of a ping the identifier is none. */
  port?: readonly [low: number, high: number];
  /** Number of the IP protocol. */
  protocol?: number;
  state?: FlowState;
}

/** One flow that is not over. */
export interface KnownFlow {
  /** Name or number of the IP protocol. */
  protocol: string;
  state: FlowState;
  /** Address of this host, and its port; of a ping the identifier. Absent where the protocol has none. */
  local: string;
  localPort?: number;
  remote: string;
  remotePort?: number;
  /** A packet of it has come in. */
  answered: boolean;
  /** Seconds since the last packet, and until it is forgotten unless another one is seen. */
  silent: number;
  left: number;
}

/** One table as it was read. */
export interface TableCount {
  name: ConnectionTable;
  /** Flows that it has room for. */
  capacity: number;
  /** Flows that are not over. */
  known: number;
  /** Those whose time is over and that nothing has taken the place of yet. */
  over: number;
  /** `known` by state; those of which there are none are left out. */
  states: Partial<Record<FlowState, number>>;
  /** Seconds that the flow that was silent for longest has been silent; absent where none is known. */
  longestSilent?: number;
  /** Absent where nothing counts what is recorded. */
  recorded?: RecordedFlows;
}

/** What was written into a table since it is there (bpf/egress.bpf.c). */
interface RecordedFlows {
  /** Flows that were not in it when they were written. */
  flows: number;
  /** TCP flows among them in whose middle this host was: forgotten before, or never known. */
  revived: number;
  /** At least so many were forgotten to make room, those that were over among them. */
  forgotten: number;
}

/** `full`: flows are forgotten that are not over. `high`: little is left until then. */
export const PRESSURES = ['none', 'high', 'full'] as const;
export type Pressure = (typeof PRESSURES)[number];

/** What `status` says of the connections of the host. */
export interface ConnectionsStatus {
  tables: TableCount[];
  /** That of the table that has most. */
  pressure: Pressure;
  /** Absent where the tables took over what was known before. */
  grace?: GraceWindow;
  /** Conntrack as a second source; absent where the tables are the only one. */
  conntrack?: Pick<Tracking, 'follows' | 'reason'>;
}

/** Flows whose next packet a row would decide. */
export interface RowFlows {
  rule: string;
  connections: number;
}

/** What `connections --output json` prints. */
export interface Connections extends ConnectionsStatus {
  apiVersion: 'xdpkeep/v1';
  kind: 'Connections';
  /** Flows that the filter leaves, of all tables. */
  matched: number;
  /** `matched` by protocol and state. */
  counts: { protocol: string; state: FlowState; connections: number }[];
  /** Which row decides about the next packet, where an interface was named. */
  rules?: { interface: string; asked: number; rows: RowFlows[] };
  /** One page of them, in the order of the tables. */
  connections: KnownFlow[];
  /** Flows before and behind that page. */
  skipped: number;
  more: number;
}

/** What `connections remove --output json` prints. */
export interface RemovedConnections {
  apiVersion: 'xdpkeep/v1';
  kind: 'RemovedConnections';
  /** The filter, in words. */
  filter: string;
  dryRun: boolean;
  /** Flows that the filter meant. */
  matched: number;
  /** 0 in a dry run; a flow that ended meanwhile is not counted. */
  removed: number;
  warnings: string[];
}
