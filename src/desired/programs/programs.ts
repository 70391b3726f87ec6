// A program as a state file names it -> the object and function that would be attached, or what is wrong with it.
// An object is read or compiled once for all the interfaces that name it, and nothing is attached or loaded here.
import { realpathSync } from 'node:fs';
import { CompileError } from '../../kernel/clang.js';
import type { ConnectionSource } from '../../model/connections.js';
import type { HostPolicy, DesiredProgram } from '../../model/desired.js';
import { sha256 } from '../../disk/sha256.js';
import { canonicalJson } from '../../text/canonical-json.js';
import { ProgramError } from '../../model/errors.js';
import type { ObjectStore } from '../../model/object-store.js';
import type { Policy } from '../../model/policy.js';
import type { Progress } from '../../model/progress.js';
import { readBuiltin } from './builtins.js';
import { compileProgram, digestSource } from './compile.js';
import { digestInstance } from '../digest.js';
import { type BpfElf, readElf } from '../../kernel/elf.js';
import { readInside, UnusableFileError } from '../paths.js';
import type { ProgramReference } from '../host/host-schema.js';
import { policyProgram } from './policy-program.js';
import { chooseFunction, type ProgramProblem } from './xdp-function.js';

/** Bytes of a source or object file. */
const PROGRAM_FILE_LIMIT = 16 << 20;
/** Of a compiler's output; the first errors say most. */
const LONGEST_LOG = 16_384;

export interface ProgramOptions {
  stateDir: string;
  /** Receives the objects. */
  store: ObjectStore;
  /** Where clang is looked for, in the form of PATH; that of the environment when absent. */
  searchPath?: string;
  /** Told while lists are read. */
  progress?: Progress;
}

export interface ResolvedProgram {
  /** Absent after an error. */
  program?: DesiredProgram;
  problems: ProgramProblem[];
}

/** A file that was looked at. Without an object, the problems say why. */
interface LoadedFile {
  object?: { bytes: Uint8Array; elf: BpfElf; written: string };
  problems: ProgramProblem[];
}

export class ProgramResolver {
  readonly #files = new Map<string, Promise<LoadedFile>>();
  readonly #policies = new Map<Policy, { program: DesiredProgram; from: ConnectionSource | undefined }>();

  constructor(private readonly options: ProgramOptions) {}

  /** Warnings and the compiler's output come with the first reference to a file alone, errors with each. */
  async resolve(reference: ProgramReference): Promise<ResolvedProgram> {
    if ('builtin' in reference) {
      const { bytes, function: function_ } = readBuiltin(reference.builtin);
      return { program: this.#toProgram(reference.builtin, 'builtin', function_, bytes, ''), problems: [] };
    }
    const { object, problems } = await this.#file(reference.file);
    if (!object) return { problems };
    const chosen = chooseFunction(object.elf, reference.function);
    if (typeof chosen !== 'string') return { problems: [...problems, chosen] };
    const origin = isSource(reference.file) ? 'source' : 'object';
    return {
      program: this.#toProgram(reference.file, origin, chosen, object.bytes, object.written),
      problems,
    };
  }

  /** The program that ships for all policies, with the tables of this one. */
  resolvePolicy(firewall: HostPolicy, from?: ConnectionSource): DesiredProgram {
    const known = this.#policies.get(firewall.policy); // of another interface of this host, or of another host
    if (known?.program.firewall?.protections === firewall.protections && known.from === from)
      return known.program;
    const program = policyProgram(firewall, this.options.store, from);
    this.#policies.set(firewall.policy, { program, from });
    return program;
  }

  async #file(file: string): Promise<LoadedFile> {
    const known = this.#files.get(file);
    const loading = known ?? this.#load(file);
    this.#files.set(file, loading);
    const loaded = await loading;
    return known ? { ...loaded, problems: withoutLogs(loaded.problems) } : loaded;
  }

  #toProgram(
    label: string,
    origin: DesiredProgram['origin'],
    function_: string,
    bytes: Uint8Array,
    source: string,
  ): DesiredProgram {
    const object = this.options.store.put(bytes);
    const written = sha256(canonicalJson({ label, function: function_, source }));
    return { label, origin, function: function_, object, digest: digestInstance(object, function_), written };
  }

  async #load(file: string): Promise<LoadedFile> {
    const problems: ProgramProblem[] = [];
    try {
      const content = readInside(this.options.stateDir, file, PROGRAM_FILE_LIMIT);
      const bytes = isSource(file) ? await this.#compile(file, problems) : content;
      const written = isSource(file) ? digestSource(this.options.stateDir, file, content) : sha256(content);
      return { object: { bytes, elf: readElf(bytes), written }, problems };
    } catch (error) {
      return { problems: [...problems, describe(error, file)] };
    }
  }

  async #compile(source: string, problems: ProgramProblem[]): Promise<Uint8Array> {
    const { store, searchPath } = this.options;
    const unit = { stateDir: realpathSync(this.options.stateDir), source };
    const { bytes, log } = await compileProgram(unit, store, searchPath);
    if (log.trim() !== '') {
      const detail = `the compiler warns about ${source}`;
      problems.push({
        severity: 'warning',
        field: 'file',
        summary: 'compiler warnings',
        detail,
        log: cut(log),
      });
    }
    return bytes;
  }
}

function withoutLogs(problems: ProgramProblem[]): ProgramProblem[] {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map((problem) => {
      const short = { ...problem };
      delete short.log;
      return short;
    });
}

function isSource(file: string): boolean {
  return file.endsWith('.c');
}

function describe(error: unknown, file: string): ProgramProblem {
  const base = { severity: 'error', field: 'file' } as const;
  if (error instanceof UnusableFileError) {
    const detail = `${file} cannot be used: ${error.message}`;
    return { ...base, summary: error.summary, detail, ...hintOf(error) };
  }
  if (error instanceof CompileError) {
    const log = cut(error.log);
    return {
      ...base,
      summary: 'does not compile',
      detail: error.message,
      hint: error.hint ?? 'Correct the source where the compiler points.',
      ...(log && { log }),
    };
  }
  if (error instanceof ProgramError) {
    const detail = `${file} is no usable BPF object: ${error.message}`;
    return { ...base, summary: 'not a BPF object', detail, ...hintOf(error) };
  }
  throw error;
}

function hintOf({ hint }: { hint?: string | undefined }): { hint?: string } {
  return hint === undefined ? {} : { hint };
}

function cut(log: string): string {
  return log.length > LONGEST_LOG ? `${log.slice(0, LONGEST_LOG)}\n...` : log.trimEnd();
}
