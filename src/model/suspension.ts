// A suspension: for a time, passes look and report, and leave what they find as it is. Somebody has said why.

export interface Suspension {
  /** Absent: every interface. */
  interface?: string;
  reason: string;
  /** Who asked: `alice (as root)`; for a file, its owner. */
  by: string;
  /** ISO 8601. */
  since: string;
  /** ISO 8601; absent where it ends with its file alone. */
  until?: string;
  /** The file that suspends by being there. Absent for what the command has made. */
  file?: string;
}

/** What a pass asks. */
export interface SuspensionQuestion {
  inForce: readonly Suspension[];
  /** Interfaces that are not left as they are though they are suspended. */
  except: ReadonlySet<string>;
}

export function suspends({ interface: only }: Suspension, name: string): boolean {
  return only === undefined || only === name;
}

/** `ens5, until 2026-01-01T00:00:00.000Z, by root since ... (why)` */
export function suspensionWords({ interface: only, reason, by, since, until, file }: Suspension): string {
  const end = until === undefined ? `while ${file ?? 'its file'} is there` : `until ${until}`;
  return `${only ?? 'everything'}, ${end}, by ${by} since ${since} (${reason})`;
}
