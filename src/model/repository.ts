// What xdpkeep.yaml, at the top of a state directory, says of all its files: what people agreed on. No host is told otherwise by it.

/** Fields of a rule that a repository may require. */
export const REQUIRABLE = ['description', 'owner', 'ticket', 'until'] as const;

export interface LintOptions {
  /** Those that each rule must have. */
  required: (typeof REQUIRABLE)[number][];
  /** Milliseconds before its `until` from which on a rule is warned of; absent: never. */
  expiry?: number;
}

/** Where nobody wrote the file. */
export const NO_OPTIONS: LintOptions = { required: [] };
