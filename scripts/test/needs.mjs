// What test files need beyond npm packages: the words of the lines `// needs: WORD...` in them and in what they import from
// test/. `lab` is root and all that is real (a kernel, namespaces, bpftool, clang, dist/); the others are those that
// scripts/setup.sh knows. A file that needs nothing is a unit test.
// Run with the arguments of `npm test`, it prints the words of the files that these name.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const NEEDS = /^\/\/ needs: (.+)$/gm;
/** Of a module beside it or above it, types included. */
const IMPORT = /^(?:import|export)\b[^'"`;]*?['"](\.[^'"]+)\.js['"]/gm;

/** Paths below the root of the repository. */
export function testFiles() {
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join('test', file))
    .sort();
}

const own = new Map();

/** What the text of one file says: the words, and the modules of test/ that it imports. */
function read(file) {
  const known = own.get(file);
  if (known) return known;
  const text = readFileSync(join(ROOT, file), 'utf8');
  const words = [...text.matchAll(NEEDS)].flatMap(([, said]) => said.split(' '));
  const imports = [...text.matchAll(IMPORT)]
    .map(([, path]) => `${join(dirname(file), path)}.ts`)
    .filter((path) => path.startsWith(`test${sep}`) && existsSync(join(ROOT, path)));
  const found = { words, imports };
  own.set(file, found);
  return found;
}

/** The words of a file of test/ and of all that it imports from there, sorted. */
export function needsOf(file) {
  const seen = new Set([file]);
  for (const one of seen) for (const path of read(one).imports) seen.add(path);
  return [...new Set([...seen].flatMap((one) => read(one).words))].sort();
}

/** The words of the files that arguments of vitest name: all where they name none. */
export function needsOfArguments(args) {
  const files = testFiles();
  const filters = args
    .filter((arg, at) => !arg.startsWith('-') && !['-t', '--testNamePattern'].includes(args[at - 1]))
    .map((arg) => relative(ROOT, resolve(arg)).replace(/:\d+$/, ''));
  // What is in the path of no file is the value of an option.
  const named = files.filter((file) => filters.some((filter) => filter !== '' && file.includes(filter)));
  return [...new Set((named.length > 0 ? named : files).flatMap(needsOf))].sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(needsOfArguments(process.argv.slice(2)).join(' '));
}
