// What a command from a state file may do: what confined.ts passes to confine.ts.

export interface Confinement {
  /** Runs as this user and group, without capabilities, in a mount namespace of its own; absent: as our own user. */
  user?: number;
  /** Folders (with their content) and files that may be read and executed; absent: no restriction beyond the user's rights. */
  readable?: string[];
  /** Folders and files that may be written to. */
  writable?: string[];
}

/** Exit code when the command could not be confined and was not run; env(1) uses the same for its own failures. */
export const UNCONFINED = 125;
