// The connections of a host: the tables that what leaves is written into, and how long they keep it.
import { PROTOCOLS } from './names.js';

/** Tables by the names of bpf/connections.h: flows from local ports that Linux takes by itself, and all others. */
const CONNECTION_TABLES = ['opened', 'served'] as const;
/** What may be the answer to a forged address: the first one of TCP, and UDP of served ports. */
const BEGUN_TABLE = 'begun';
/** All into which what leaves is written. */
export const FLOW_TABLES = [...CONNECTION_TABLES, BEGUN_TABLE] as const;
export type ConnectionTable = (typeof FLOW_TABLES)[number];

/** The map that counts what is written into them. */
export const RECORDED = 'recorded';

/** The table of datagrams of which a first fragment was let in, so that the rest may follow (bpf/connection_state.h). */
export const DATAGRAM_TABLE = 'fragments';
/** The map with the end of the grace window, and what came in by it (bpf/connection_state.h). */
export const GRACE_TABLE = 'grace';
/** Seconds of it where a Host file does not say: Linux sends what was not answered again after 120 s at most (TCP_RTO_MAX). */
export const GRACE = 120;
/** What a Host file may say. */
export const GRACE_LIMIT = 600;
/** All that the policies of a host share. */
export const SHARED_TABLES = [...FLOW_TABLES, DATAGRAM_TABLE, GRACE_TABLE] as const;
export type SharedTable = (typeof SHARED_TABLES)[number];
/** Datagrams that are waited for at once. */
const MOST_DATAGRAMS = 16_384;
/** Seconds that the rest of a datagram is waited for, as Linux does (ipfrag_time, ip6frag_time). */
export const REASSEMBLY = 30;

/** Flows that a host knows at once, where its file does not say: half of them in each of CONNECTION_TABLES. */
export const MOST_CONNECTIONS = 262_144;
/** What a Host file may say. */
export const FEWEST_CONNECTIONS = 1024;
export const CONNECTIONS_LIMIT = 16_777_216;

/** Of what a table has room for, where there is to be room for `max` flows; those that are only begun come on top. */
export function entriesOf(table: SharedTable, max: number = MOST_CONNECTIONS): number {
  if (table === GRACE_TABLE) return 1;
  if (table === DATAGRAM_TABLE) return MOST_DATAGRAMS;
  return max / (table === BEGUN_TABLE ? 4 : CONNECTION_TABLES.length);
}

/** The inverse, for one of CONNECTION_TABLES: flows that there is room for. */
export function roomBy(entries: number): number {
  return entries * CONNECTION_TABLES.length;
}

/** What this host has sent last that matters, in TCP; `flowing` for all other protocols. In the order of enum phase (bpf/connections.h). */
export const PHASES = ['opening', 'accepting', 'flowing', 'closing', 'reset'] as const;
export type Phase = (typeof PHASES)[number];

/** What is remembered of a flow that is not over. */
export interface Connection {
  phase: Phase;
  /** A packet of it has come in. */
  answered: boolean;
}

/** Seconds that a flow is kept behind its last packet, as conntrack does; the order is that of struct lives (bpf/egress.bpf.c). */
export interface Lives {
  tcp: Record<Phase, number>;
  /** Before and after the first answer. */
  udp: number;
  udpAnswered: number;
  icmp: number;
  sctp: number;
  other: number;
}

/** Where a Host file does not say. */
export const LIVES: Readonly<Lives> = {
  tcp: { opening: 120, accepting: 60, flowing: 432_000, closing: 120, reset: 10 },
  udp: 30,
  udpAnswered: 120,
  icmp: 30,
  sctp: 210,
  other: 600,
};

/** Where a Host file says that connections are looked up: in the tables alone, or in conntrack as well. */
export const CONNECTION_SOURCES = ['tables', 'conntrack'] as const;
export type ConnectionSource = (typeof CONNECTION_SOURCES)[number];

/** What conntrack is good for as a source in a network namespace. */
export interface Tracking {
  /** Families of which it follows packets. */
  follows: ('IPv4' | 'IPv6')[];
  /** Programs of this kernel can ask it. */
  callable: boolean;
  /** Why it follows nothing, or cannot be asked; absent where it follows something. */
  reason?: string;
}

/** What a Host file says of the connections of the host, with the defaults filled in. */
export interface ConnectionSettings {
  /** Flows that are known at once. */
  max: number;
  timeouts: Lives;
  /** Seconds of the grace window, 0 for none; absent where the Host file does not say: GRACE. */
  grace?: number;
  /** Asked about TCP and UDP that the tables do not know; absent where they are all. */
  from?: Exclude<ConnectionSource, 'tables'>;
}

/** What is left of the grace window, and what came in by it. */
export interface GraceWindow {
  /** Seconds; 0 when it is over. */
  left: number;
  packets: number;
}

export const USUAL_CONNECTIONS: Readonly<ConnectionSettings> = { max: MOST_CONNECTIONS, timeouts: LIVES };

/** What tells programs apart that use tables of another size; absent for tables of the usual one. */
export function sizeMark({ max }: Pick<ConnectionSettings, 'max'>): string | undefined {
  return max === MOST_CONNECTIONS ? undefined : `c${max}`;
}

/** The inverse: flows that the tables of a program with this digest have room for. */
export function sizeByMark(digest: string): number {
  const [, size] = /-c(\d+)$/.exec(digest) ?? [];
  return size === undefined ? MOST_CONNECTIONS : Number(size);
}

/** In the order of struct lives. */
const OTHER_LIVES = ['udp', 'udpAnswered', 'icmp', 'sctp', 'other'] as const;

/** As numbers, in the order of struct lives. */
export function listLives(lives: Lives): number[] {
  return [...PHASES.map((phase) => lives.tcp[phase]), ...OTHER_LIVES.map((name) => lives[name])];
}

/** The inverse of `listLives`. */
export function livesFrom(seconds: readonly number[]): Lives {
  const at = (place: number): number => seconds[place] ?? 0;
  const [opening, accepting, flowing, closing, reset] = PHASES.map((_, place) => at(place)) as Five;
  const [udp, udpAnswered, icmp, sctp, other] = OTHER_LIVES.map((_, place) =>
    at(PHASES.length + place),
  ) as Five;
  return { tcp: { opening, accepting, flowing, closing, reset }, udp, udpAnswered, icmp, sctp, other };
}

type Five = [number, number, number, number, number];

/** The settings that differ, as people read them: `udp 30 s -> 60 s`. */
export function changedLives(from: Lives, to: Lives): string {
  const names = [...PHASES.map((phase) => `tcp ${phase}`), ...OTHER_LIVES];
  const [before, after] = [listLives(from), listLives(to)];
  const changes = names.flatMap((name, at) =>
    before[at] === after[at] ? [] : [`${name} ${before[at]} s -> ${after[at]} s`],
  );
  return changes.join(', ');
}

/** Local ports from here on are in `opened`, with ICMP (bpf/connections.h). */
export const OPENED_FROM = 32_768;
/** struct flow and struct connection (bpf/flow.h, bpf/connections.h). */
export const FLOW_BYTES = 40;
export const CONNECTION_BYTES = 16;
/** Where their members begin. */
export const FLOW = {
  remote: 0,
  local: 16,
  remotePort: 32,
  localPort: 34,
  family: 36,
  protocol: 37,
} as const;
/** `seen`: ns of the monotonic clock. `life`: seconds. */
export const CONNECTION = { seen: 0, life: 8, phase: 12, answered: 13, acceptedMinutes: 14 } as const;
const ICMP: readonly number[] = [1, 58];

/** The table in which a flow stays. `flow`: struct flow, a byte a character. */
export function tableOf(flow: string): ConnectionTable {
  const port = (flow.charCodeAt(FLOW.localPort) << 8) | flow.charCodeAt(FLOW.localPort + 1);
  const protocol = flow.charCodeAt(FLOW.protocol);
  if (port >= OPENED_FROM || ICMP.includes(protocol)) return 'opened';
  return protocol === PROTOCOLS.udp ? BEGUN_TABLE : 'served';
}

/** Where a flow may be, in the order in which it is looked for. */
export function tablesOf(flow: string): readonly ConnectionTable[] {
  const table = tableOf(flow);
  return flow.charCodeAt(FLOW.protocol) === PROTOCOLS.tcp ? [table, BEGUN_TABLE] : [table];
}
