// What must get through, or this machine may be out of reach.
import type { PacketDescription } from './policy.js';

/** One packet of a flow that must live, as it arrives. */
export interface Flow {
  /** On which it arrives. */
  interface: string;
  /** `the SSH session from 203.0.113.9`; for people. */
  why: string;
  packet: PacketDescription;
}

/** A flow that a new instance does not let through. */
export interface Lockout extends Flow {
  /** `drop by rule no-ssh (policies/edge.yaml:7)` */
  how: string;
}

/** Whom this host has to reach, as `host:port` over TCP. */
export interface Endpoint {
  /** Address or name. */
  host: string;
  port: number;
}

/** What the guard against lock-outs is asked with. */
export interface LockoutQuestion {
  /** Whom the state files come from. */
  remotes: readonly Endpoint[];
  /** Says what would end, and refuses nothing. */
  accepted: boolean;
}
