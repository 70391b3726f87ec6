// Loads the desired state of a host from state files. Reports every problem of every file in one run; with an error there is no state.
// The parsers (yaml, zod, the schemas) are imported only when a file has changed.
import { byPlace, type Diagnostic, InvalidStateError } from '../model/diagnostic.js';
import { requireHost } from './host/hosts.js';
import type { ProgramOptions } from './programs/programs.js';
import { recallHost, rememberHost } from './remembered-state.js';
import type { HostState } from './state-reader.js';

export interface LoadOptions extends ProgramOptions {
  /** Names the file: hosts/<host>.yaml. */
  host: string;
  /** Put before the names of files in diagnostics: the state directory as people know it. */
  shownAs?: string;
}

export interface LoadedHost extends HostState {
  warnings: Diagnostic[];
  /** Keeps it in the store for the next time; absent when it came from there. */
  remember?: () => void;
}

/**
 * Reads the file of one host and what it names; the other files may be broken.
 * Throws an InvalidStateError or a HostNotFoundError.
 */
export async function loadHost(options: LoadOptions): Promise<LoadedHost> {
  requireHost(options.stateDir, options.host);
  const known = await recallHost(options);
  if (known) return { ...known, warnings: known.warnings.map((one) => shown(one, options.shownAs)) };
  const { StateReader } = await import('./state-reader.js');
  const reader = new StateReader(options);
  const { inputs, ...host } = await reader.readHost(options.host);
  const found = reader.diagnostics.sort(byPlace);
  const warnings = found.map((one) => shown(one, options.shownAs));
  if (found.some(({ severity }) => severity === 'error')) throw new InvalidStateError(warnings);
  const remember = (): void => {
    rememberHost(options.store, { ...host, warnings: found }, inputs);
  };
  return { ...host, warnings, remember };
}

function shown(diagnostic: Diagnostic, folder = '.'): Diagnostic {
  if (folder === '.') return diagnostic;
  return { ...diagnostic, at: { ...diagnostic.at, file: `${folder}/${diagnostic.at.file}` } };
}
