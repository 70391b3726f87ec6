// Files of the system that may not be there, or may not be ours to read: both say nothing.
import { readdirSync, readFileSync } from 'node:fs';

export function entriesIfThere(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function textIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
