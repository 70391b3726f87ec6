// What a compilation may read beside the sources: the compiler, its libraries, and the headers of the system; and what it has read.
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The compiler's own headers are beside it, or on Fedora and Debian below /usr/lib. What a script is run by is in /bin. */
const SYSTEM = [
  '/usr/include',
  '/usr/local/include',
  '/usr/lib',
  '/usr/lib64',
  '/usr/bin',
  '/bin',
  '/lib',
  '/lib64',
  '/etc/ld.so.cache',
  '/dev/null',
];

/** Folders and files, links followed. */
export function readableFor({ clang, strip }: { clang: string; strip?: string }): string[] {
  const tools = [clang, ...(strip === undefined ? [] : [strip])].map((tool) => realpathSync(tool));
  return [...tools, join(dirname(dirname(realpathSync(clang))), 'lib'), ...SYSTEM];
}

/** The prerequisites of the one rule in a make file: spaces, "#" and line ends escaped by "\\", "$" doubled. */
export function parseDependencies(text: string): string[] {
  const prerequisites = text.slice(text.indexOf(':') + 1).replaceAll('\\\n', ' ');
  const words = prerequisites.match(/(?:\\[ #]|[^\s])+/g) ?? [];
  return words.map((word) => word.replace(/\\([ #])/g, '$1').replaceAll('$$', '$'));
}
