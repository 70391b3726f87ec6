// What a compilation may read beside the sources: the compiler, its libraries, and the headers of the system; what of that a source
// may see; and what it has read.
import { closeSync, existsSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const HEADERS = ['/usr/include', '/usr/local/include'];
/** Where Fedora and Debian have the compiler's own headers, links to them included. */
const COMPILER_HEADERS = ['/usr/lib/clang', '/usr/lib64/clang'];
const LIBRARIES = ['/usr/lib', '/usr/lib64', '/lib', '/lib64', '/etc/ld.so.cache', '/dev/null'];
/** What a compiler needs that is a script. Landlock lets nothing be run that may not be read. */
const PROGRAMS = ['/usr/bin', '/bin'];

interface Tools {
  clang: string;
  strip?: string;
}

/** The folder that the compiler was installed to: its headers and libraries are in `lib` of it. */
function prefixOf({ clang }: Tools): string {
  return dirname(dirname(realpathSync(clang)));
}

/** The folder of the process, whatever is around it: the compiler may not look for it from the root. */
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

/** Folders and files, links followed. */
export function readableFor(tools: Tools): string[] {
  const { clang, strip } = tools;
  const own = [clang, ...(strip === undefined ? [] : [strip])].map((tool) => realpathSync(tool));
  const run = own.some(isScript) ? PROGRAMS : [];
  return [...own, join(prefixOf(tools), 'lib'), ...HEADERS, ...LIBRARIES, ...run];
}

/**
 * The file system as a source sees it, in the words of clang (-ivfsoverlay, LLVM 14): the folder in which the compiler begins, known as
 * `copy`, and headers. Any other path is not there, whatever is there: `__has_include` cannot ask about this machine.
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

/** The prerequisites of the one rule in a make file: spaces, "#" and line ends escaped by "\\", "$" doubled. */
export function parseDependencies(text: string): string[] {
  const prerequisites = text.slice(text.indexOf(':') + 1).replaceAll('\\\n', ' ');
  const words = prerequisites.match(/(?:\\[ #]|[^\s])+/g) ?? [];
  return words.map((word) => word.replace(/\\([ #])/g, '$1').replaceAll('$$', '$'));
}
