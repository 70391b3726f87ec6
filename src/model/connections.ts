// The connections of a host: the tables that what leaves is written into, and how long they keep it.

/** The tables, by the names of bpf/connections.h: flows from local ports that Linux takes by itself, and all others. */
export const CONNECTION_TABLES = ['opened', 'served'] as const;
export type ConnectionTable = (typeof CONNECTION_TABLES)[number];

/** Flows that a host knows at once, where its file does not say: half of them in each table. */
export const MOST_CONNECTIONS = 262_144;
