// A problem in a state file: a constant summary, what and why in `detail`, what to do in `hint`, and the place.
import { EXIT, XdpkeepError } from './errors.js';
import type { Position } from './position.js';

export interface Diagnostic {
  severity: 'error' | 'warning';
  /** Constant per kind of problem: `unknown field`, `duplicate name`. */
  summary: string;
  detail: string;
  hint?: string;
  at: Position;
  /** One past the last column of the offending text on its first line; absent for a point. */
  endColumn?: number;
  /** The source line that `at` names, without its line break. */
  excerpt?: string;
  /** Output of a tool about this place (clang), shown as it is. */
  log?: string;
}

/** The state files, or what `where` says, have errors. Carries every one of every file. */
export class InvalidStateError extends XdpkeepError {
  readonly exitCode = EXIT.invalidState;
  constructor(
    readonly diagnostics: Diagnostic[],
    where = 'the state files',
  ) {
    const errors = diagnostics.filter((one) => one.severity === 'error').length;
    super(`${errors} ${errors === 1 ? 'error' : 'errors'} in ${where}`);
  }
}

/** One line for logs and lists of warnings. */
export function diagnosticLine({ at, summary, detail }: Diagnostic): string {
  return `${at.file}:${at.line}:${at.column}: ${summary}: ${detail}`;
}

/** Order of reports: by file and place. */
export function byPlace(a: Diagnostic, b: Diagnostic): number {
  if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
  return a.at.line - b.at.line || a.at.column - b.at.column;
}
