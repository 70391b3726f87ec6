// The connections of a host: the tables that what leaves is written into, and how long they keep it.

/** The tables, by the names of bpf/connections.h: flows from local ports that Linux takes by itself, and all others. */
export const CONNECTION_TABLES = ['opened', 'served'] as const;
export type ConnectionTable = (typeof CONNECTION_TABLES)[number];

/** The table of datagrams of which a first fragment was let in, so that the rest may follow (bpf/connection_state.h). */
export const DATAGRAM_TABLE = 'fragments';
/** All that the policies of a host share. */
export const SHARED_TABLES = [...CONNECTION_TABLES, DATAGRAM_TABLE] as const;
export type SharedTable = (typeof SHARED_TABLES)[number];
/** Datagrams that are waited for at once. */
export const MOST_DATAGRAMS = 16_384;
/** Seconds that the rest of a datagram is waited for, as Linux does (ipfrag_time, ip6frag_time). */
export const REASSEMBLY = 30;

/** Flows that a host knows at once, where its file does not say: half of them in each table. */
export const MOST_CONNECTIONS = 262_144;

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
export const LIVES = {
  tcp: { opening: 120, accepting: 60, flowing: 432_000, closing: 120, reset: 10 },
  /** Before and after the first answer. */
  udp: 30,
  udpAnswered: 120,
  icmp: 30,
  sctp: 210,
  other: 600,
} as const;

/** Local ports from here on are in `opened`, with ICMP; all other flows in `served` (bpf/connections.h). */
export const OPENED_FROM = 32_768;
/** Where things are in struct flow. */
const AT = { localPort: 34, protocol: 37 };
const ICMP: readonly number[] = [1, 58];

/** `flow`: struct flow, a byte a character. */
export function tableOf(flow: string): ConnectionTable {
  const port = (flow.charCodeAt(AT.localPort) << 8) | flow.charCodeAt(AT.localPort + 1);
  return port >= OPENED_FROM || ICMP.includes(flow.charCodeAt(AT.protocol)) ? 'opened' : 'served';
}
