// The folders from / to a path as the kernel walks it, symbolic links included. When one of these names is moved, replaced
// or made, the path may lead elsewhere, so all of them are watched.
import { readlinkSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/** MAXSYMLINKS, linux/namei.h. */
const MOST_LINKS = 40;

/** Folder -> the names in it that the way leads through. It goes on behind names that are not there. */
export function watchedFolders(path: string): Map<string, Set<string>> {
  const way = new Map<string, Set<string>>();
  const ahead = partsOf(resolve(path));
  let here = '/';
  for (let links = 0; links <= MOST_LINKS;) {
    const name = ahead.shift();
    if (name === undefined) break;
    if (name === '..') {
      here = dirname(here);
      continue;
    }
    way.set(here, (way.get(here) ?? new Set()).add(name));
    const target = linkTarget(join(here, name));
    if (target === undefined) {
      here = join(here, name);
      continue;
    }
    links++;
    ahead.unshift(...partsOf(target));
    if (isAbsolute(target)) here = '/';
  }
  return way;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** `undefined` for what is no symbolic link, or not there. */
function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
