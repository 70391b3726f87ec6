// What a command may that comes from a state file, as the program that starts it and the one that gives its rights up
// (confine.ts) say it to each other.

export interface Confinement {
  /** Runs as this user and group, without capabilities, in a mount namespace of its own; as ourselves when absent. */
  user?: number;
  /** Folders and files that may be read and run, what is in them too; everything that the user may when absent. */
  readable?: string[];
  /** Folders and files that may be written to. */
  writable?: string[];
}

/** Exit code of a command that could not be confined and so was not run: that of env(1), when it fails itself. */
export const UNCONFINED = 125;
