// Compiles a source, unless the store has the object. A stored compilation is valid while the compiler is the same file, every input has
// the same hash, and no new file would be found in place of a header.
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRegular } from '../../disk/regular.js';
import { sha256 } from '../../disk/sha256.js';
import { canonicalJson } from '../../text/canonical-json.js';
import { ifReadable } from '../../disk/if-readable.js';
import type { ObjectStore } from '../../model/object-store.js';
import {
  compile,
  CompileError,
  type CompileUnit,
  type Compiler,
  findCompiler,
  identifyCompilation,
} from '../../kernel/clang.js';
import { readSources } from './sources.js';

export interface CompiledObject {
  bytes: Uint8Array;
  /** Warnings; empty also when nothing had to be compiled. */
  log: string;
}

/** `searchPath`, in the form of PATH, says where clang is looked for. Throws a CompileError. */
export async function compileProgram(
  unit: CompileUnit,
  store: ObjectStore,
  searchPath?: string,
): Promise<CompiledObject> {
  const compiler = findCompiler(searchPath);
  if (!compiler) {
    const hint = 'Run apt-get install clang, or commit the compiled .bpf.o and name that.';
    throw new CompileError(`clang, which compiles ${unit.source}, is not installed`, '', hint);
  }
  const key = keyOf(unit, compiler);
  const kept = recall(store, key);
  if (kept) return { bytes: kept, log: '' };
  const started = Date.now();
  const { object, inputs, log } = await compile(compiler, unit, readSources(unit.stateDir));
  const hashes = hashUnchanged(inputs, started - CLOCK_TICK);
  if (hashes) store.rememberCompile(key, { object: store.put(object), inputs: hashes });
  return { bytes: object, log };
}

/** Milliseconds. File times come from a coarser clock than ours. */
const CLOCK_TICK = 10;

/** An input that changed during the compilation would be stored with a hash of content that was never compiled. */
function hashUnchanged(inputs: string[], since: number): Record<string, string> | undefined {
  const hashes = hashAll(inputs);
  return hashes && inputs.every((input) => statSync(input).ctimeMs < since) ? hashes : undefined;
}

/** What people wrote: the source, and every header beside it, whether it is included or not. */
export function digestSource(stateDir: string, source: string, content: Uint8Array): string {
  const headers = headerFolders(source).flatMap((folder) =>
    headerNames(join(stateDir, folder)).map((name) => join(folder, name)),
  );
  const hashes = headers.map((name) => hashAll([join(stateDir, name)]) ?? name);
  return sha256(
    canonicalJson({ source: sha256(content), headers, hashes: hashes.map((one) => Object.values(one)) }),
  );
}

function headerFolders(source: string): string[] {
  return [...new Set(['programs', dirname(source)])];
}

/** Includes the absolute path: two state directories may hold different sources of one name. */
function keyOf(unit: CompileUnit, compiler: Compiler): string {
  const headers = headerFolders(unit.source).map((folder) => headerNames(join(unit.stateDir, folder)));
  return sha256(canonicalJson({ unit, compilation: identifyCompilation(compiler, unit), headers }));
}

/** A header that appears earlier on the search path than the one used before is not among the inputs. */
function headerNames(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => !/(?:^|\/)\.|\.bpf\.[co]$/.test(name)).sort();
  } catch {
    return []; // no such folder: the compiler will say so where it matters
  }
}

function recall(store: ObjectStore, key: string): Uint8Array | undefined {
  const record = store.recallCompile(key);
  const now = record && hashAll(Object.keys(record.inputs));
  if (!now || canonicalJson(now) !== canonicalJson(record.inputs)) return undefined;
  return ifReadable(() => store.get(record.object)); // lost or damaged: compile again
}

/** Bytes; vmlinux.h has some 3 MiB. */
const LARGEST_INPUT = 64 << 20;

/** `undefined` when one of them cannot be read (any more). */
function hashAll(files: string[]): Record<string, string> | undefined {
  try {
    return Object.fromEntries(
      files.map((file) => [file, sha256(readRegular(realpathSync(file), LARGEST_INPUT))]),
    );
  } catch {
    return undefined;
  }
}
