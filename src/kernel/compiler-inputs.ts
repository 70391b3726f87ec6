// What a compilation may read besides the sources (the compiler, its libraries, the headers of the system), which of these paths a
// source may see, and which files it has read.
import { closeSync, existsSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const HEADERS = ['/usr/include', '/usr/local/include'];
/** The compiler's own headers on Debian and Fedora, symbolic links to them included. */
const COMPILER_HEADERS = ['/usr/lib/clang', '/usr/lib64/clang'];
const LIBRARIES = ['/usr/lib', '/usr/lib64', '/lib', '/lib64', '/etc/ld.so.cache', '/dev/null'];
/** Needed where the compiler is a script. Landlock lets a process run only what it may read. */
const PROGRAMS = ['/usr/bin', '/bin'];

interface Tools {
  clang: string;
  strip?: string;
}

/** The installation prefix of the compiler; its headers and libraries are in `lib` below. */
function prefixOf({ clang }: Tools): string {
  return dirname(dirname(realpathSync(clang)));
}

/** The working directory of the process. The compiler has no right to walk to it from the root. */
const HERE = '/proc/self/cwd';

function isScript(path: string): boolean {
  const head = Buffer.alloc(2);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, head, 0, 2, 0);
    return head.toString('latin1') === '#!';
  } finally {
    closeSync(fd);
  }
}

/** The folders and files that a compilation may read and run, symbolic links resolved. */
export function readableFor(tools: Tools): string[] {
  const { clang, strip } = tools;
  const own = [clang, ...(strip === undefined ? [] : [strip])].map((tool) => realpathSync(tool));
  const run = own.some(isScript) ? PROGRAMS : [];
  return [...own, join(prefixOf(tools), 'lib'), ...HEADERS, ...LIBRARIES, ...run];
}

/**
 * The file system as a source sees it, as an overlay file of clang (-ivfsoverlay, LLVM 14): the working directory of the compiler,
 * under the name `copy`, and headers. Every other path looks absent, so that `__has_include` reveals nothing about this machine.
 */
export function visibleTo(tools: Tools, copy: string): string {
  const lib = ['lib', 'lib64'].map((name) => join(prefixOf(tools), name, 'clang'));
  const headers = [...new Set([...HEADERS, ...COMPILER_HEADERS, ...lib])].filter((path) => existsSync(path));
  const folder = (name: string, contents: string) => {
    return { type: 'directory-remap', name, 'external-contents': contents };
  };
  return JSON.stringify({
    version: 0,
    'case-sensitive': true,
    'use-external-names': false,
    fallthrough: false,
    roots: [folder(copy, HERE), ...headers.map((path) => folder(path, path))],
  });
}

/** The prerequisites of the one rule in a makefile. "\\" escapes spaces, "#" and line ends; "$" is doubled. */
export function parseDependencies(text: string): string[] {
  const prerequisites = text.slice(text.indexOf(':') + 1).replaceAll('\\\n', ' ');
  const words = prerequisites.match(/(?:\\[ #]|[^\s])+/g) ?? [];
  return words.map((word) => word.replace(/\\([ #])/g, '$1').replaceAll('$$', '$'));
}
