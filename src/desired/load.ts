// State files -> what is wanted. Everything that is wrong is said in one run; after one error there is no state.
import type { DesiredInterface, DesiredState } from '../model/desired.js';
import { type Diagnostic, InvalidStateError } from '../model/diagnostic.js';
import { digestState, digestWritten } from './digest.js';
import { type HostInterface, readHostFile } from './host-file.js';
import { describeStray, listHosts, requireHost } from './hosts.js';
import { type ProgramOptions, ProgramResolver, type ResolvedProgram } from './programs.js';

export interface LoadOptions extends ProgramOptions {
  /** Names the file: hosts/<host>.yaml. */
  host: string;
}

export interface LoadedHost {
  desired: DesiredState;
  warnings: Diagnostic[];
}

/**
 * Reads the file of one host and what it names; the other hosts may be broken.
 * Throws an InvalidStateError or a HostNotFoundError.
 */
export async function loadHost(options: LoadOptions): Promise<LoadedHost> {
  requireHost(options.stateDir, options.host);
  const diagnostics: Diagnostic[] = [];
  const desired = await readHost(options.host, new ProgramResolver(options), options.stateDir, diagnostics);
  diagnostics.sort(byPlace);
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new InvalidStateError(diagnostics);
  return { desired, warnings: diagnostics };
}

export interface Validation {
  /** The hosts that were read, sorted. */
  hosts: string[];
  /** By file and place; no error among them means that all is valid. */
  diagnostics: Diagnostic[];
}

/** Reads all hosts, or one. Throws a HostNotFoundError. */
export async function validateState(options: ProgramOptions, host?: string): Promise<Validation> {
  if (host !== undefined) requireHost(options.stateDir, host);
  const { hosts, strays } = listHosts(options.stateDir);
  const chosen = host === undefined ? hosts : [host];
  const diagnostics = host === undefined ? strays.map(describeStray) : [];
  const resolver = new ProgramResolver(options);
  for (const name of chosen) await readHost(name, resolver, options.stateDir, diagnostics);
  return { hosts: chosen, diagnostics: diagnostics.sort(byPlace) };
}

async function readHost(
  host: string,
  resolver: ProgramResolver,
  stateDir: string,
  diagnostics: Diagnostic[],
): Promise<DesiredState> {
  const interfaces: DesiredInterface[] = [];
  for (const one of readHostFile(stateDir, host, diagnostics)) {
    const { program, problems } = await resolver.resolve(one.program);
    diagnostics.push(...problems.map((problem) => toDiagnostic(problem, one)));
    if (program) {
      const { pattern, mode, foreign, at } = one;
      interfaces.push({ pattern, mode, foreign, program, at });
    }
  }
  return {
    host,
    interfaces,
    digest: digestState(host, interfaces),
    written: digestWritten(host, interfaces),
  };
}

function toDiagnostic(
  { field, ...text }: ResolvedProgram['problems'][number],
  one: HostInterface,
): Diagnostic {
  return { ...text, ...one.placeOf(field) };
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
  return a.at.line - b.at.line || a.at.column - b.at.column;
}
