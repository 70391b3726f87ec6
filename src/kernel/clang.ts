// Compiles *.bpf.c to an object. The build is reproducible: it runs on a copy of the sources, with relative paths and a fixed
// environment, and no path of this machine gets into the output. The author of a source may have no right to read this machine, and
// both the object and the compiler's messages can reveal what was read. So the compiler runs without rights, and can read only the
// copy, itself and the headers of the system. A compiler that fails, hangs or prints too much is a CompileError with its output.
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { EnvironmentError, ProgramError } from '../model/errors.js';
import { abortOnSignal } from './abort-on-signal.js';
import { parseDependencies, readableFor, visibleTo } from './compiler-inputs.js';
import { runConfined } from './confined.js';
import type { Confinement } from './confinement.js';
import { findTool, type ToolLimits } from './tool.js';

const LIMITS: ToolLimits = { time: 60_000, output: 1 << 20 };
/** Bytes: of an object that is read, and of any file that the compiler writes. */
const LARGEST_RESULT = 64 << 20;
/** Of each process, in bytes: without a limit, a source of a few lines (`.rept`, `.zero`) fills the memory or the disk of the host. */
const RESOURCES = { memory: 1 << 30, file: LARGEST_RESULT };

export interface Compiler {
  clang: string;
  /** llvm-strip: removes DWARF and leaves BTF. Without it objects are larger, but work. */
  strip?: string;
}

export interface CompileUnit {
  stateDir: string;
  /** Relative to the state directory. */
  source: string;
}

/** Path relative to the state directory -> content, of every file there that a source may include. */
export type Sources = ReadonlyMap<string, Uint8Array>;

export interface Compilation {
  object: Uint8Array;
  /** Absolute paths of the source and of every header that was read. */
  inputs: string[];
  /** Warnings of a successful compilation. */
  log: string;
}

/** The compiler refused the source or did not finish; `log` is its own text. */
export class CompileError extends ProgramError {
  constructor(
    message: string,
    override readonly log: string,
    hint?: string,
  ) {
    super(message, { hint });
  }
}

/** The first clang on `path` (in the form of PATH), else in the usual folders; `undefined` when there is none. */
export function findCompiler(path?: string): Compiler | undefined {
  const clang = findTool('clang', path);
  if (clang === undefined) return undefined;
  const beside = join(dirname(realpathSync(clang)), 'llvm-strip');
  const strip = existsSync(beside) ? beside : findTool('llvm-strip', path);
  return { clang, ...(strip !== undefined && { strip }) };
}

/** Everything that determines the object, other than the content of its inputs. Part of the key of the cache. */
export function identifyCompilation(compiler: Compiler, unit: CompileUnit): unknown {
  const tools = [compiler.clang, compiler.strip].map((tool) => tool !== undefined && identify(tool));
  return { tools, arguments: compilerArguments(unit.stateDir, unit.source) };
}

function identify(tool: string) {
  const { size, mtimeMs } = statSync(tool);
  return { path: realpathSync(tool), size, mtimeMs };
}

/** Compiles one source. Throws a CompileError. */
export function compile(
  compiler: Compiler,
  unit: CompileUnit,
  sources: Sources,
  limits = LIMITS,
): Promise<Compilation> {
  return abortOnSignal((ended) => compileIn(compiler, unit, sources, { ...limits, ended }));
}

async function compileIn(
  compiler: Compiler,
  unit: CompileUnit,
  sources: Sources,
  limits: ToolLimits,
): Promise<Compilation> {
  // The outer folder is ours alone (0700). The compiler starts inside it, and so need not pass it.
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'xdpkeep-')));
  try {
    const copy = join(scratch, 'copy');
    const result = join(copy, RESULT);
    writeCopy(copy, sources);
    mkdirAs(result, 0o777);
    writeFileSync(join(copy, VISIBLE), visibleTo(compiler, copy), { flag: 'wx' });
    chmodSync(join(copy, VISIBLE), 0o644);
    const within = {
      ...limits,
      cwd: copy,
      files: {
        readable: [copy, ...readableFor(compiler)],
        writable: [result, '/dev/null'],
      },
    };
    const outputs = [
      '-ivfsoverlay',
      VISIBLE,
      '-MD',
      '-MT',
      'object',
      '-MF',
      `${RESULT}/dependencies`,
      '-c',
      '-o',
      `${RESULT}/object.o`,
    ];
    const log = await run(
      compiler.clang,
      [...outputs, ...compilerArguments(copy, unit.source)],
      unit,
      within,
    );
    const read = (name: string): Buffer => {
      const bytes = readResult(join(result, name));
      if (bytes) return bytes;
      throw new CompileError(`${compiler.clang} did not compile ${unit.source}`, 'it wrote no object');
    };
    const inputs = parseDependencies(read('dependencies').toString('utf8'));
    let object = read('object.o');
    if (compiler.strip !== undefined) {
      await run(compiler.strip, ['-g', `${RESULT}/object.o`], unit, within);
      object = read('object.o');
    }
    return { object, inputs: inputs.map((input) => resolve(unit.stateDir, input)), log };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Where the compiler may write, below the copy: no state file has this name. */
const RESULT = '.xdpkeep-result';
/** The file that tells the compiler which paths a source may see. */
const VISIBLE = '.xdpkeep-visible';

function writeCopy(folder: string, sources: Sources): void {
  mkdirAs(folder, 0o755);
  const made = new Set([folder]);
  for (const [path, bytes] of sources) {
    const file = join(folder, path);
    const missing: string[] = [];
    for (let one = dirname(file); !made.has(one); one = dirname(one)) missing.unshift(one);
    for (const one of missing) {
      mkdirAs(one, 0o755);
      made.add(one);
    }
    writeFileSync(file, bytes, { flag: 'wx' });
    chmodSync(file, 0o644);
  }
}

/** The umask does not apply. */
function mkdirAs(folder: string, mode: number): void {
  mkdirSync(folder);
  chmodSync(folder, mode);
}

/** `undefined` for what is not a regular file: the compiler is not trusted with what it leaves here. */
function readResult(path: string): Buffer | undefined {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(fd);
    return size <= LARGEST_RESULT ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}

async function run(
  tool: string,
  args: string[],
  unit: CompileUnit,
  { files, ...limits }: ToolLimits & { files: Confinement },
): Promise<string> {
  const { exitCode, stderr } = await runConfined(
    'compiler',
    [tool, ...args],
    { ...limits, resources: RESOURCES },
    files,
  ).catch((error: unknown) => {
    if (!(error instanceof EnvironmentError)) throw error;
    throw new CompileError(`${tool} did not compile ${unit.source}`, error.message, error.hint);
  });
  if (exitCode === 0) return stderr;
  throw new CompileError(`${tool} does not compile ${unit.source}`, stderr, hintFor(stderr));
}

function compilerArguments(folder: string, source: string): string[] {
  const input = source.startsWith('-') ? `./${source}` : source; // "--" does not reach every part of clang
  const multiarch = MULTIARCH[process.arch];
  const flags = ['-O2', '-g', '-Wall', '-target', 'bpf', '-mcpu=v3', '-fno-color-diagnostics'];
  const includes = ['-Iprograms'];
  if (multiarch !== undefined) includes.push(`-I/usr/include/${multiarch}`);
  return [...flags, ...includes, `-ffile-prefix-map=${folder}=.`, input];
}

const OUTSIDE =
  'Put what it needs into the state directory: only that and the headers of the system can be read.';

/** Where Debian keeps asm/types.h, which -target bpf does not look for by itself. */
const MULTIARCH: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
};

function hintFor(log: string): string {
  if (log.includes('virtual filesystem overlay')) {
    return 'Install clang 14 or newer: an older one lets a source ask what is on this machine. Or commit the .bpf.o.';
  }
  if (/Could not find in(?:clude|cbin) file/.test(log)) return OUTSIDE;
  const header = /fatal error: (?:cannot open file )?'([^']+)'/.exec(log)?.[1];
  if (header === undefined) return 'Correct the source where the compiler points.';
  if (/^\/|^\.\.\//.test(header)) return OUTSIDE;
  if (header.startsWith('bpf/')) return 'Install the headers of libbpf: apt-get install libbpf-dev.';
  if (/^(?:linux|asm|asm-generic)\//.test(header)) {
    return 'Install the headers of the kernel: apt-get install linux-libc-dev.';
  }
  if (header === 'vmlinux.h') {
    return 'Make it: bpftool btf dump file /sys/kernel/btf/vmlinux format c > programs/vmlinux.h.';
  }
  return `Put ${header} into programs/ of the state directory.`;
}
