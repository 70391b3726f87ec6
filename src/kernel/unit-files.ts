// Reads unit files (systemd.unit(5)) without asking systemd, which a sandboxed unit may not do. Files that only root can write are
// enough to know which program a unit starts.
import { join } from 'node:path';
import { entriesIfThere, textIfThere } from './if-there.js';

/** In order of precedence: a file hides files of the same name in later folders. */
const FOLDERS = [
  '/etc/systemd/system',
  '/run/systemd/transient',
  '/run/systemd/system',
  '/run/systemd/generator',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

export class UnitFiles {
  constructor(private readonly folders: readonly string[] = FOLDERS) {}

  /** Names of all units of one type, such as `socket`. */
  named(type: string): string[] {
    const names = this.folders.flatMap(entriesIfThere).filter((name) => name.endsWith(`.${type}`));
    return [...new Set(names)];
  }

  /** The values of a key, drop-ins included; an empty value resets those before it. `undefined` when there is no such unit. */
  values(unit: string, key: string): string[] | undefined {
    const names = [...new Set([unit, templateOf(unit)])];
    const fragment = names
      .flatMap((name) => this.folders.map((folder) => join(folder, name)))
      .map(textIfThere);
    const first = fragment.find((text) => text !== undefined);
    if (first === undefined) return undefined;
    const line = new RegExp(`^\\s*${key}\\s*=\\s*(.*)$`);
    const values: string[] = [];
    for (const text of [first, ...names.flatMap((name) => this.#dropIns(`${name}.d`))]) {
      for (const value of text.split('\n').flatMap((one) => line.exec(one)?.[1]?.trim() ?? [])) {
        if (value === '') values.length = 0;
        else values.push(value);
      }
    }
    return values;
  }

  /** Contents of drop-ins, sorted by name; a file hides files of the same name in later folders. */
  #dropIns(folder: string): string[] {
    const paths = new Map<string, string>();
    for (const parent of this.folders) {
      for (const name of entriesIfThere(join(parent, folder))) {
        if (name.endsWith('.conf') && !paths.has(name)) paths.set(name, join(parent, folder, name));
      }
    }
    return [...paths.keys()].sort().flatMap((name) => textIfThere(paths.get(name) ?? '') ?? []);
  }
}

/** `ssh@3.service` is made from `ssh@.service`. */
function templateOf(unit: string): string {
  return unit.replace(/@.*(\.[a-z]+)$/, '@$1');
}
