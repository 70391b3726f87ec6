// Files of the system that may be missing or unreadable: either counts as having no content.
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
