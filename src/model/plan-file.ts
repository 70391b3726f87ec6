// A plan that waits for its apply: what will be done, everything that it was concluded from, and all that doing it
// takes. It holds for this host, this boot and this network namespace, and for as long as nothing of it has changed.
import type { DesiredState } from './desired.js';
import type { ObservedInterface, OwnedInterface } from './observed.js';
import type { Hold } from './reconciliation.js';
import type { Revision } from './revision.js';
import type { Safeguards } from './safeguards.js';
import type { PlannedStep } from './step.js';

/** Raised when the meaning of the file changes. */
export const PLAN_FORMAT = 1;

/** An interface that a step is about, as it was seen; tc programs are left out, since nothing depends on them. */
export interface PlanSubject {
  name: string;
  interface?: Omit<ObservedInterface, 'tc'>;
  owned?: OwnedInterface;
}

export interface PlanFile {
  format: typeof PLAN_FORMAT;
  /** The build that made it (`describeBuild`): another one may plan or load otherwise. */
  release: string;
  host: string;
  /** ISO 8601. */
  time: string;
  /** Absolute. */
  bpffs: string;
  /** Absolute. */
  dataDir: string;
  boot: string;
  netns: number;
  /** Number of records and hash of the last one: whatever was changed or said since is in the journal. */
  journal: { records: number; head: string };
  desired: DesiredState;
  /** The commit that the state files are of. */
  source?: Revision;
  /** What the change has to stand once it is made. */
  safeguards: Safeguards;
  /** The hold under which it was made. */
  hold?: Hold;
  /** It was made with --allow-prune-all. */
  allowPrune: boolean;
  /** Without the programs: their digests name them, and `desired` has them. */
  steps: PlannedStep[];
  subjects: PlanSubject[];
  /** SHA-256 (hex) of an object file -> its bytes, base64. */
  objects: Record<string, string>;
  /** The same of the large address sets that `desired` names. */
  sets: Record<string, string>;
}
