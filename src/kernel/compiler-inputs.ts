// Which files a compilation may read: the state directory and the headers of the system and the compiler. The author of a
// source may not be allowed to read this machine, and both the object and the compiler's messages can show what was read.
import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The compiler's own headers are beside it, or on Fedora and Debian below /usr/lib. */
const SYSTEM = ['/usr/include', '/usr/local/include', '/usr/lib', '/usr/lib64'];

/**
 * The first of these files that a compile may not read, links followed; `undefined` when there is none. Relative paths
 * are below the state directory, which is a real path.
 */
export function findOutsider(files: string[], stateDir: string, clang: string): string | undefined {
  const beside = join(dirname(dirname(realpathSync(clang))), 'lib/clang');
  const allowed = [stateDir, beside, ...SYSTEM].map((folder) => `${folder}/`);
  return files.find((file) => !allowed.some((folder) => follow(resolve(stateDir, file)).startsWith(folder)));
}

/** Where a path leads; a file that is gone leads to itself. */
function follow(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The files that the compiler's messages quote. Not those in angle brackets, which are none. */
export function quotedFiles(log: string): string[] {
  return [...log.matchAll(/^([^<\n].*?):\d+:\d+: (?:fatal error|error|warning|note): /gm)].map(
    ([, file]) => file ?? '',
  );
}

/** The prerequisites of the one rule in a make file: spaces, "#" and line ends escaped by "\\", "$" doubled. */
export function parseDependencies(text: string): string[] {
  const prerequisites = text.slice(text.indexOf(':') + 1).replaceAll('\\\n', ' ');
  const words = prerequisites.match(/(?:\\[ #]|[^\s])+/g) ?? [];
  return words.map((word) => word.replace(/\\([ #])/g, '$1').replaceAll('$$', '$'));
}
