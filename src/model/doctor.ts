// What `xdpkeep doctor --output json` prints.

/** `unknown`: this process may not look, or the machine does not tell. */
export type CheckStatus = 'ok' | 'warning' | 'failure' | 'unknown';

export interface Check {
  /** `kernel`, `bpftool`, `journal`; the name of an interface where `interface` is set. */
  name: string;
  status: CheckStatus;
  /** What was found, as one phrase. */
  found: string;
  /** What to do; there unless all is well. */
  help?: string;
  /** The check is about the network interface of this name. */
  interface?: true;
  /** Only rights are lacking: another user, or the unit's capabilities, would do. */
  permission?: true;
}

export interface Doctor {
  apiVersion: 'xdpkeep/v1';
  kind: 'Doctor';
  host: string;
  checks: Check[];
  counts: Record<CheckStatus, number>;
}
