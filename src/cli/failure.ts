// Prints an error: what happened, why, what to do. An error of no known class is a bug and is printed as one.
import { InvalidStateError } from '../model/diagnostic.js';
import { EXIT, XdpkeepError } from '../model/errors.js';
import { renderDiagnostics } from '../report/diagnostics.js';
import { json, painter, printable } from '../report/style.js';
import { errorOutput } from './options.js';
import type { CommandResult } from './result.js';

/** `argv` tells which output was asked for: an error may come before the options are read. */
export function failure(error: unknown, argv: readonly string[]): CommandResult {
  const { json: asJson, color } = errorOutput(argv);
  const paint = painter(color);
  if (!(error instanceof XdpkeepError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const err = `${paint('red', 'bug:')} ${printable(text)}\nhelp: this is a fault of xdpkeep itself: please report it with the lines above.\n`;
    return { exitCode: EXIT.bug, out: asJson ? json(document('Bug', text, EXIT.bug)) : '', err };
  }
  const diagnostics = error instanceof InvalidStateError ? error.diagnostics : [];
  const { log } = error as { log?: string };
  const err = [
    ...error.warnings.map((warning) => `${paint('yellow', 'warning:')} ${printable(warning)}\n`),
    diagnostics.length > 0 ? renderDiagnostics(diagnostics, { color }) : '',
    `${paint('red', 'error:')} ${printable(error.message)}\n`,
    error.hint === undefined ? '' : `help: ${printable(error.hint)}\n`,
    log === undefined ? '' : `${printable(log)}\n`,
  ].join('');
  const { warnings } = error;
  const more = { diagnostics, ...(log !== undefined && { log }), ...(warnings.length > 0 && { warnings }) };
  const out = asJson
    ? json({ ...document(error.name, error.message, error.exitCode, error.hint), ...more })
    : '';
  return { exitCode: error.exitCode, out, err };
}

function document(name: string, message: string, exitCode: number, hint?: string) {
  return {
    apiVersion: 'xdpkeep/v1',
    kind: 'Error',
    name,
    message,
    exitCode,
    ...(hint !== undefined && { hint }),
  };
}
