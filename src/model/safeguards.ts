// What a Host file asks of a change before it counts: probes, a look at the counters, a confirmation. None of it is part
// of what is attached, so none of it makes a generation; a hold ends when it changes, like with the rest of the file.
import type { Place } from './pending.js';

/** What is asked of the outside world; it holds when it answers as it should. */
export type ProbeTarget =
  /** Echo requests to an address or name: one answer will do. */
  | { kind: 'ping'; host: string }
  /** A TCP connection can be made. */
  | { kind: 'tcp'; host: string; port: number }
  /** A GET is answered with a status from 200 to 399. */
  | { kind: 'http'; url: string }
  /** A name has an address. `server`: the resolver that is asked; those of the host when absent. */
  | { kind: 'dns'; name: string; server?: string }
  /** A command, its file absolute, exits with 0. */
  | { kind: 'exec'; command: string[] };

export interface Probe {
  target: ProbeTarget;
  /** Milliseconds that one try may take. */
  timeout: number;
  /** It holds when one of so many tries does. */
  tries: number;
}

/** The rows of a policy that drop are watched after a change. */
export interface CounterGuard {
  /** Milliseconds. */
  window: number;
  /** A row fails above so many times the rate that it dropped at before. */
  factor: number;
  /** Packets per second up to which no row fails, whatever its rate was before. */
  minimum: number;
  /** Rules that are meant to drop. */
  ignore: string[];
}

export interface Safeguards {
  probes: Probe[];
  guard?: CounterGuard;
  /** Milliseconds within which an operator has to confirm; absent when nobody has to. */
  confirm?: number;
}

/** What a change has to stand before it stays. */
export interface TrialQuestion {
  safeguards: Safeguards;
  /** What the target was read from: by it, whoever undoes the change knows what is wanted by then. */
  readFrom: Place | undefined;
}

export const NO_SAFEGUARDS: Safeguards = { probes: [] };

/** As the Host file says it: `tcp 10.0.1.10:443`. */
export function probeName({ target }: Probe): string {
  switch (target.kind) {
    case 'ping':
      return `ping ${target.host}`;
    case 'tcp':
      return `tcp ${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
    case 'http':
      return `http ${target.url}`;
    case 'dns':
      return `dns ${target.name}`;
    case 'exec':
      return `exec ${target.command.join(' ')}`;
  }
}
