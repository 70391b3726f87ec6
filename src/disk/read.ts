// Reading a file of the data directory that may not be there yet.
import { readFileSync } from 'node:fs';
import { accessFailed, errnoCode } from './failure.js';

/** `undefined` when there is no such file. Throws a PermissionError or an EnvironmentError when it cannot be read. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw accessFailed(`read ${path}`, error);
  }
}
