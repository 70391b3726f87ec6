// What the config file of a host says: where its state files come from, who may change them, and the defaults of the
// command line. Everything else is in the state files.

export interface GitSource {
  /** URL (`ssh://`, `https://`, `file://`, `user@host:path`) or absolute path. */
  git: string;
  /** A branch, or a full name that begins with `refs/`. */
  ref: string;
  /** The state directory in the repository; `.` is its root. */
  path: string;
}

/** A key that may change only some files. */
export interface Scope {
  principal: string;
  /** Globs, relative to the state directory: `*` stays in one folder, `**` does not. */
  paths: string[];
}

export interface Verification {
  /** In the format of ALLOWED SIGNERS in ssh-keygen(1). */
  allowedSigners: string;
  /** A key revocation list, or public keys, one a line. */
  revoked?: string;
  /** `rewind FROM TO`, with its signature beside it in FILE.sig. */
  allowRewind?: string;
  /**
   * Only a commit that a signed tag of this name is put on is applied: a name, one `*` in it stands for anything. Absent: the newest commit.
   */
  requireTag?: string;
  /** A principal that is named here may change nothing else; one that is not may change everything. */
  scopes: Scope[];
}

export interface Config {
  host?: string;
  state?: string;
  bpffs?: string;
  dataDir?: string;
  source?: GitSource;
  /** Commits are not verified where it is absent. */
  verify?: Verification;
  probes?: {
    /** May probes run commands that a Host file names? */
    exec: 'allow' | 'deny';
  };
}
