import type { ExitCode } from '../model/errors.js';

/** What a command leaves: main.ts prints and exits, commands do neither. */
export interface CommandResult {
  exitCode: ExitCode;
  /** For stdout, line breaks included. */
  out: string;
  /** For stderr, line breaks included. */
  err?: string;
}
