// Lists the files of a state directory, by kind and name.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { requireOwn } from '../disk/ownership.js';
import type { Diagnostic } from '../model/diagnostic.js';
import { PermissionError } from '../model/errors.js';
import { oneOf } from '../text/wording.js';

/** Folder -> extensions of its files. */
const EXTENSIONS = {
  hosts: ['.yaml'],
  policies: ['.yaml'],
  rulegroups: ['.yaml'],
  lists: ['.txt', '.netset', '.ipset', '.csv'],
} as const;
export type StateFolder = keyof typeof EXTENSIONS;

export interface NameList {
  /** Names without the extension, sorted. */
  names: string[];
  /** Name -> its files: several only in a folder with several extensions. */
  files: ReadonlyMap<string, string[]>;
  /** Files with another extension, sorted; hidden files are ignored. */
  strays: string[];
}

/** Path of a file, relative to the state directory; with the first of several extensions. */
export function stateFilePath(folder: StateFolder, name: string): string {
  return `${folder}/${name}${EXTENSIONS[folder][0]}`;
}

/** Throws a PermissionError, or what `readdirSync` throws. */
export function listFolder(stateDir: string, folder: StateFolder): NameList {
  const files = new Map<string, string[]>();
  const strays: string[] = [];
  for (const file of readFolder(join(stateDir, folder)).filter((name) => !name.startsWith('.'))) {
    const extension = EXTENSIONS[folder].find((end) => file.endsWith(end));
    const name = extension === undefined ? undefined : file.slice(0, -extension.length);
    if (name === undefined) strays.push(file);
    else files.set(name, [...(files.get(name) ?? []), file]);
  }
  return { names: [...files.keys()].sort(), files, strays };
}

/** Like `listFolder`, but empty for a folder that does not exist. */
export function listOptionalFolder(stateDir: string, folder: StateFolder): NameList {
  try {
    return listFolder(stateDir, folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { names: [], files: new Map(), strays: [] };
    throw error;
  }
}

function readFolder(path: string): string[] {
  try {
    requireOwn(path);
    return readdirSync(path).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    throw new PermissionError(`cannot read ${path} (EACCES)`, {
      hint: 'Let this user read it.',
      cause: error,
    });
  }
}

export function describeStray(folder: StateFolder, name: string): Diagnostic {
  const base = name.replace(/\.(?:ya?ml|txt).*$|\.[^.]*$/i, '');
  return {
    severity: 'warning',
    summary: 'file is not read',
    detail: `${folder}/${name} does not end in ${oneOf([...EXTENSIONS[folder]])}, so nothing is made of it`,
    hint: `Rename it to ${stateFilePath(folder, base)}, or move it out of ${folder}/.`,
    at: { file: `${folder}/${name}`, line: 1, column: 1 },
  };
}
