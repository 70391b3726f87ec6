// The bundle beside this file, loaded with the code that V8 once made of it (decision 0070). That code is for one build
// of Node and for these very bytes: where there is none, or another, V8 compiles as it always does, and only time is lost.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';

type Program = typeof import('./cli/program.js');

/** What scripts/build.mjs wraps the bundle in. */
type Wrapper = (module: { exports?: Program }, require: NodeJS.Require, bundleUrl: string) => Program;

export function loadProgram(): Program {
  const path = join(__dirname, 'program.cjs');
  const bytes = readFileSync(path);
  const cachedData = readCode(bytes);
  // One byte a character: the build escapes all others.
  const script = new Script(bytes.toString('latin1'), {
    filename: path,
    ...(cachedData && { cachedData }),
  });
  const load = script.runInThisContext() as Wrapper;
  return load({}, createRequire(path), pathToFileURL(path).href);
}

/** Bytes of the SHA-256 in front of the code. */
const SEAL = 32;

/** What scripts/code-cache.mjs wrote for this Node. V8 would believe any code that fits its version: damaged code ends the process. */
function readCode(bundle: Buffer): Buffer | undefined {
  const path = join(__dirname, `code/${process.version}-${process.arch}`);
  if (!existsSync(path)) return undefined;
  const sealed = readFileSync(path);
  const code = sealed.subarray(SEAL);
  const seal = createHash('sha256').update(bundle).update(code).digest();
  return seal.equals(sealed.subarray(0, SEAL)) ? code : undefined;
}
