// Which files of which kind a state directory has, by name.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.js';
import { PermissionError } from '../model/errors.js';

/** Folder -> how the names of its files end. */
const EXTENSIONS = { hosts: '.yaml', policies: '.yaml', lists: '.txt' } as const;
export type StateFolder = keyof typeof EXTENSIONS;

export interface NameList {
  /** Names without the extension, sorted. */
  names: string[];
  /** Other names in the folder, sorted; hidden files are nobody's mistake. */
  strays: string[];
}

/** Path of a file, relative to the state directory. */
export function stateFilePath(folder: StateFolder, name: string): string {
  return `${folder}/${name}${EXTENSIONS[folder]}`;
}

/** Throws a PermissionError, or what `readdirSync` throws. */
export function listFolder(stateDir: string, folder: StateFolder): NameList {
  const extension = EXTENSIONS[folder];
  const found = readFolder(join(stateDir, folder)).filter((name) => !name.startsWith('.'));
  return {
    names: found.filter((name) => name.endsWith(extension)).map((name) => name.slice(0, -extension.length)),
    strays: found.filter((name) => !name.endsWith(extension)),
  };
}

/** Like `listFolder`; a folder that is not there has nothing. */
export function listOptionalFolder(stateDir: string, folder: StateFolder): NameList {
  try {
    return listFolder(stateDir, folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { names: [], strays: [] };
    throw error;
  }
}

function readFolder(path: string): string[] {
  try {
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
    detail: `${folder}/${name} does not end in ${EXTENSIONS[folder]}, so nothing is made of it`,
    hint: `Rename it to ${stateFilePath(folder, base)}, or move it out of ${folder}/.`,
    at: { file: `${folder}/${name}`, line: 1, column: 1 },
  };
}
