// One class per cause. Each knows its exit code and says what to do; main.ts renders them and decides nothing.
// An error that is none of these is a bug, and is reported as one (exit 1).

/** Exit codes of the design. Scripts and unit files depend on them: never renumber. */
export const EXIT = {
  ok: 0,
  bug: 1,
  changes: 2,
  rolledBack: 10,
  rollbackFailed: 11,
  partial: 12,
  held: 13,
  refused: 14,
  pruneGuard: 15,
  stalePlan: 16,
  pendingConfirm: 17,
  usage: 64,
  invalidState: 65,
  hostNotFound: 66,
  unreachable: 69,
  journal: 74,
  locked: 75,
  permission: 77,
  environment: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** `hint` is one imperative sentence for the operator: what to change or run next. */
export interface ErrorDetails {
  hint?: string | undefined;
  cause?: unknown;
  /** What a tool or library said, whole. */
  log?: string | undefined;
}

export abstract class XdpkeepError extends Error {
  abstract readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly log: string | undefined;
  /** What was done before it came to this, and has to be told all the same. */
  readonly warnings: string[] = [];

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
    this.log = details.log;
  }
}

/** The command line is wrong. */
export class UsageError extends XdpkeepError {
  readonly exitCode = EXIT.usage;
}

/** No Host file is for this machine. */
export class HostNotFoundError extends XdpkeepError {
  readonly exitCode = EXIT.hostNotFound;
}

/** The journal or a generation cannot be trusted or written. */
export class JournalError extends XdpkeepError {
  readonly exitCode = EXIT.journal;
}

/** Another xdpkeep holds the writer lock. */
export class LockedError extends XdpkeepError {
  readonly exitCode = EXIT.locked;
}

/** A capability or file permission is missing. */
export class PermissionError extends XdpkeepError {
  readonly exitCode = EXIT.permission;
}

/** A commit is not signed by who may sign it, or does not follow the one that was applied. */
export class SignatureError extends XdpkeepError {
  readonly exitCode = EXIT.permission;
}

/** Only what a signed tag is on is applied, and nothing new has one. */
export class UntaggedError extends XdpkeepError {
  readonly exitCode = EXIT.permission;
}

/** What the repository has may not be taken, whoever signed it: git refuses it, or it is too large. */
export class UnfitSourceError extends XdpkeepError {
  readonly exitCode = EXIT.permission;
}

/** Another change waits for its confirmation. */
export class PendingError extends XdpkeepError {
  readonly exitCode = EXIT.pendingConfirm;
}

/** What the work needs outside of this process is not to be had: the git repository, somebody to watch a deadline. */
export class UnreachableError extends XdpkeepError {
  readonly exitCode = EXIT.unreachable;
}

/** The machine lacks something: a tool, a mount, a kernel feature. */
export class EnvironmentError extends XdpkeepError {
  readonly exitCode = EXIT.environment;
}

/** A program that cannot be used at all: it does not compile, has no such function, is not XDP. */
export class ProgramError extends XdpkeepError {
  readonly exitCode = EXIT.invalidState;
}

/** A safety rule says no: a policy that does not fit, a failing packet test. */
export class RefusedError extends XdpkeepError {
  readonly exitCode = EXIT.refused;
}

/** The state files ask for so little that it looks like an accident. */
export class PruneGuardError extends XdpkeepError {
  readonly exitCode = EXIT.pruneGuard;
}

/** A plan file does not fit the world (any more), or cannot be trusted. */
export class StalePlanError extends XdpkeepError {
  readonly exitCode = EXIT.stalePlan;
}

/** The change is suspended, or on hold. */
export class SuspendedError extends XdpkeepError {
  readonly exitCode = EXIT.held;
}

/**
 * A system or library call failed.
 * `errno` is positive (`errno.h`), `code` its name (`EBUSY`), `call` what was called.
 */
export class KernelError extends XdpkeepError {
  readonly exitCode = EXIT.partial;
  readonly errno: number;
  readonly code: string;
  readonly call: string;

  constructor(call: string, errno: number, code: string, text: string, details: ErrorDetails = {}) {
    super(`${call}: ${text} (${code})`, details);
    this.call = call;
    this.errno = errno;
    this.code = code;
  }
}
