// The files of a folder whose names stand for something, each read once for all that name it.
import type * as z from 'zod';
import type { Diagnostic } from '../../model/diagnostic.js';
import { suggest } from '../../text/suggest.js';
import { quote } from '../../text/wording.js';
import { listOptionalFolder, type StateFolder, stateFilePath } from '../folders.js';
import type { SchemaKind } from '../json-schema.js';
import { readStateFile } from '../read.js';
import { type Issue, parseDocument, type StateDocument } from '../yaml/document.js';
import type { Source } from '../yaml/source.js';

export interface FileKind<T> {
  kind: SchemaKind;
  folder: StateFolder;
  schema: z.ZodType<T>;
  findMore?: (document: StateDocument, name: string) => Issue[];
}

export class NamedFiles<T> {
  readonly #known: ReadonlySet<string>;
  readonly #read = new Map<string, T | undefined>();
  /** Text by name, of those that were read and could be. */
  readonly sources = new Map<string, Source>();

  /** `problems` receives those of each file that is read. */
  constructor(
    private readonly stateDir: string,
    private readonly file: FileKind<T>,
    private readonly problems: Diagnostic[],
  ) {
    this.#known = new Set(listOptionalFolder(stateDir, file.folder).names);
  }

  /** Sorted. */
  names(): string[] {
    return [...this.#known];
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** `undefined` after new `problems`, and for a file that is not there. */
  read(name: string): T | undefined {
    if (!this.has(name)) return undefined;
    if (!this.#read.has(name)) {
      this.#read.set(name, undefined); // for a file that names itself
      this.#read.set(name, this.#load(name));
    }
    return this.#read.get(name);
  }

  #load(name: string): T | undefined {
    const { folder, findMore, ...file } = this.file;
    const source = readStateFile(this.stateDir, stateFilePath(folder, name), this.problems);
    if (!source) return undefined;
    this.sources.set(name, source);
    const more = (document: StateDocument): Issue[] => findMore?.(document, name) ?? [];
    return parseDocument(source, { ...file, name }, more, this.problems)?.data;
  }
}

/** Of a name that no file of the folder has. */
export function unknownFile(
  what: string,
  name: string,
  folder: StateFolder,
  names: readonly string[],
): { summary: string; message: string; hint: string } {
  const meant = suggest(name, names);
  const path = stateFilePath(folder, name);
  const there = names.length === 0 ? `there are no ${what}s` : `the ${what}s are ${names.join(', ')}`;
  return {
    summary: `unknown ${what}`,
    message: `names ${quote(name)}, but there is no file ${path}; ${there}`,
    hint: meant === undefined ? `Add ${path}.` : `Did you mean ${quote(meant)}?`,
  };
}
