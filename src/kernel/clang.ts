// The compiler: *.bpf.c -> object. Runs in the state directory on a relative path, with a fixed environment and no
// path of this machine in the output, so that one source gives one object wherever it is compiled. Refused: a compiler
// that fails, hangs or floods, with its own words, and a source that reads what is neither of the state directory nor of
// the system.
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { EnvironmentError, ProgramError } from '../model/errors.js';
import { abortOnSignal } from './abort-on-signal.js';
import { findOutsider, parseDependencies, quotedFiles } from './compiler-inputs.js';
import { findTool, runTool, type ToolLimits } from './tool.js';

const LIMITS: ToolLimits = { time: 60_000, output: 1 << 20 };

export interface Compiler {
  clang: string;
  /** Takes DWARF out and leaves BTF in; without it objects are larger and work as well. */
  strip?: string;
}

export interface CompileUnit {
  stateDir: string;
  /** Relative to the state directory. */
  source: string;
}

export interface Compilation {
  object: Uint8Array;
  /** Absolute paths of the source and of every header that was read. */
  inputs: string[];
  /** What the compiler said though it succeeded: warnings. */
  log: string;
}

/** The compiler refused the source, or never finished; `log` is its own text. */
export class CompileError extends ProgramError {
  constructor(
    message: string,
    override readonly log: string,
    hint?: string,
  ) {
    super(message, { hint });
  }
}

/** First clang of `path` (as in the environment), else of the usual places; `undefined` when there is none. */
export function findCompiler(path?: string): Compiler | undefined {
  const clang = findTool('clang', path);
  if (clang === undefined) return undefined;
  const beside = join(dirname(realpathSync(clang)), 'llvm-strip');
  const strip = existsSync(beside) ? beside : findTool('llvm-strip', path);
  return { clang, ...(strip !== undefined && { strip }) };
}

/** Everything but the content of the inputs that decides what the object is. */
export function identifyCompilation(compiler: Compiler, unit: CompileUnit): unknown {
  const tools = [compiler.clang, compiler.strip].map((tool) => tool !== undefined && identify(tool));
  return { tools, arguments: compilerArguments(unit) };
}

function identify(tool: string) {
  const { size, mtimeMs } = statSync(tool);
  return { path: realpathSync(tool), size, mtimeMs };
}

/** Throws a CompileError. */
export function compile(compiler: Compiler, unit: CompileUnit, limits = LIMITS): Promise<Compilation> {
  return abortOnSignal((ended) => compileIn(compiler, unit, { ...limits, ended }));
}

async function compileIn(compiler: Compiler, unit: CompileUnit, limits: ToolLimits): Promise<Compilation> {
  const scratch = mkdtempSync(join(tmpdir(), 'xdpkeep-'));
  try {
    const object = join(scratch, 'object.o');
    const dependencies = join(scratch, 'dependencies');
    const headers = join(scratch, 'headers');
    const lists = ['-MD', '-MT', 'object', '-MF', dependencies, ...listHeaders(headers)];
    const outputs = [...lists, '-c', '-o', object];
    const within = { ...limits, cwd: realpathSync(unit.stateDir) };
    const refuseOutsiders = (files: string[]) => {
      const outsider = findOutsider(files, within.cwd, compiler.clang);
      if (outsider !== undefined) throw readsOutside(unit, outsider);
    };
    const log = await run(compiler.clang, [...outputs, ...compilerArguments(unit)], unit, within).catch(
      (error: unknown) => {
        const quoted = error instanceof CompileError ? quotedFiles(error.log) : [];
        refuseOutsiders([...readLines(headers), ...quoted]);
        throw error;
      },
    );
    if (![object, dependencies].every((file) => existsSync(file))) {
      throw new CompileError(`${compiler.clang} did not compile ${unit.source}`, 'it wrote no object');
    }
    const inputs = parseDependencies(readFileSync(dependencies, 'utf8'));
    refuseOutsiders(inputs);
    if (compiler.strip !== undefined) await run(compiler.strip, ['-g', object], unit, within);
    return {
      object: readFileSync(object),
      inputs: inputs.map((input) => resolve(within.cwd, input)),
      log,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function run(tool: string, args: string[], unit: CompileUnit, limits: ToolLimits): Promise<string> {
  const { exitCode, stderr } = await runTool(tool, args, limits).catch((error: unknown) => {
    if (!(error instanceof EnvironmentError)) throw error;
    throw new CompileError(`${tool} did not compile ${unit.source}`, error.message, error.hint);
  });
  if (exitCode === 0) return stderr;
  throw new CompileError(`${tool} does not compile ${unit.source}`, stderr, hintFor(stderr));
}

/** After an error there may be no dependency file; this list grows with every header that is opened. */
function listHeaders(file: string): string[] {
  return ['-header-include-file', file, '-sys-header-deps'].flatMap((argument) => ['-Xclang', argument]);
}

function readLines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

/** Without the compiler's log: it quotes the file. */
function readsOutside({ source }: CompileUnit, file: string): CompileError {
  const hint =
    'Put what it needs into the state directory: only that and the headers of the system may be read.';
  return new CompileError(`${source} reads ${file}, which is outside the state directory`, '', hint);
}

function compilerArguments({ stateDir, source }: CompileUnit): string[] {
  const input = source.startsWith('-') ? `./${source}` : source; // "--" does not reach every part of clang
  const multiarch = MULTIARCH[process.arch];
  const flags = ['-O2', '-g', '-Wall', '-target', 'bpf', '-mcpu=v3', '-fno-color-diagnostics'];
  const includes = ['-Iprograms'];
  if (multiarch !== undefined) includes.push(`-I/usr/include/${multiarch}`);
  return [...flags, ...includes, `-ffile-prefix-map=${realpathSync(stateDir)}=.`, input];
}

/** Where Debian keeps asm/types.h, which -target bpf does not look for by itself. */
const MULTIARCH: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
};

function hintFor(log: string): string {
  const header = /fatal error: '([^']+)' file not found/.exec(log)?.[1];
  if (header === undefined) return 'Correct the source where the compiler points.';
  if (header.startsWith('bpf/')) return 'Install the headers of libbpf: apt-get install libbpf-dev.';
  if (/^(?:linux|asm|asm-generic)\//.test(header)) {
    return 'Install the headers of the kernel: apt-get install linux-libc-dev.';
  }
  if (header === 'vmlinux.h') {
    return 'Make it: bpftool btf dump file /sys/kernel/btf/vmlinux format c > programs/vmlinux.h.';
  }
  return `Put ${header} into programs/ of the state directory.`;
}
