// What `counters --output json` prints.

export interface RowCount {
  /** A rule, or a built-in row in parentheses. */
  name: string;
  packets: number;
  /** Of frames, Ethernet header included. */
  bytes: number;
}

export interface Counters {
  apiVersion: 'xdpkeep/v1';
  kind: 'Counters';
  interfaces: { name: string; rules: RowCount[] }[];
}
