// Where the state files of a pass came from: a commit of a git repository, and who vouched for it.

/** Who signed a commit, as the file of allowed signers knows them. */
export interface Signer {
  principal: string;
  /** Fingerprint: `SHA256:...`. */
  key: string;
}

export interface Revision {
  /** 40 hexadecimal digits. */
  commit: string;
  subject: string;
  /** `Name <address>`, as the commit says: nobody vouches for it but the signer. */
  author: string;
  /** The committer's date, ISO 8601 (UTC). */
  time: string;
  /** Absent where commits are not verified. */
  signer?: Signer;
}

/** `Current`: what the remote has. `SourceStale`: it cannot be reached. `SourceRefused`: it has what must not be applied. */
type SourceCondition = 'Current' | 'SourceStale' | 'SourceRefused';

/** Why the newest commit is not the applied one, and since when (ISO 8601). */
export interface Refusal {
  reason: string;
  /** It is not refused, and waits for its tag. */
  waits?: boolean;
  since: string;
}

/** How the applied revision stands to the remote. */
export interface SourceReport {
  /** The repository, the ref and the directory in it, as configured. */
  git: string;
  ref: string;
  path: string;
  /** The one whose state files are applied. */
  revision: Revision;
  condition: SourceCondition;
  /** When the remote was last heard from, ISO 8601. */
  heard: string;
  /** Why it is not `Current`. */
  reason?: string;
  /** That something newer waits for its tag, which is as it should be. */
  waiting?: string;
}

/** `9f8e7d6c5b4a "Open 443"`, for messages. */
export function revisionWords({ commit, subject }: Pick<Revision, 'commit' | 'subject'>): string {
  return `${commit.slice(0, 12)} ${JSON.stringify(subject)}`;
}
