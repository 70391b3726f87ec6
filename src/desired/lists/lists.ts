// Address lists. Each is read once for all that name it with the same options, and parsed only when the store has no result for exactly
// this file. Refused: two files for one name, and whatever the parser refuses.
import { isUtf8 } from 'node:buffer';
import { toAddressSet } from '../../disk/address-sets.js';
import { sha256 } from '../../disk/sha256.js';
import { canonicalJson } from '../../text/canonical-json.js';
import type { Diagnostic } from '../../model/diagnostic.js';
import { fromCidrs } from '../../addresses/networks.js';
import { type ListCounts, NO_COUNTS } from '../../model/object-store.js';
import type { AddressSet } from '../../model/policy.js';
import type { Progress } from '../../model/progress.js';
import { NO_RANGES, union } from '../../addresses/ranges.js';
import type { Cidr } from '../../addresses/cidr.js';
import { listOptionalFolder } from '../folders.js';
import { checkLimits } from './list-limits.js';
import { type ListLimits, type ListOptions, toListFormat, toListLimits } from './list-options.js';
import { parseList } from './list-parser.js';
import { notUtf8, readStateBytes } from '../read.js';
import { type MadeSet, rememberSet, type SetStore } from './remembered-sets.js';

/** Bytes. */
const LIST_FILE_LIMIT = 256 << 20;

/** An address, a network or the name of a list. */
export type ListedAddress = Cidr | { list: string };

export interface ReadList {
  name: string;
  /** Relative to the state directory. */
  file: string;
  /** SHA-256 (hex) of the file's bytes; absent when it could not be read. */
  sha256?: string;
  set: AddressSet;
  counts: ListCounts;
}

export class ListReader {
  /** Name -> names of its files: one, if all is well. */
  readonly #files: ReadonlyMap<string, string[]>;
  readonly #lists = new Map<string, ReadList>();

  /** `problems` receives those of each list that is read. */
  constructor(
    private readonly stateDir: string,
    private readonly problems: Diagnostic[],
    private readonly store: SetStore,
    private readonly progress?: Progress,
  ) {
    this.#files = listOptionalFolder(stateDir, 'lists').files;
  }

  /** Names of the lists that there are, sorted. */
  names(): string[] {
    return [...this.#files.keys()];
  }

  /** Their files, in the order of the names. */
  files(): string[] {
    return [...this.#files.values()].flat();
  }

  /** Those that were read, by name; one that was read in several ways is there as often. */
  all(): ReadList[] {
    return [...this.#lists.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  /** Path of a list that there is, relative to the state directory. */
  file(name: string): string {
    return `lists/${this.#files.get(name)?.[0] ?? name}`;
  }

  /** Empty after new `problems`, and for a list that is not there. */
  read(name: string, options: ListOptions = {}): ReadList {
    const way = this.#wayOf(name, options);
    const key = canonicalJson([name, way]);
    const known = this.#lists.get(key);
    if (known) return known;
    const list = this.#load(name, way) ?? {
      name,
      file: this.file(name),
      set: toAddressSet(NO_RANGES, [name], this.store),
      counts: NO_COUNTS,
    };
    if (this.has(name)) this.#lists.set(key, list);
    return list;
  }

  /** Networks and lists as one set; one list alone is shared by all who name it. */
  resolve(written: ListedAddress[], options: Record<string, ListOptions> = {}): AddressSet {
    const names = [...new Set(written.flatMap((one) => ('list' in one ? [one.list] : [])))];
    const networks = fromCidrs(written.flatMap((one) => ('list' in one ? [] : [one])));
    const own = toAddressSet(networks, [], this.store);
    const lists = names.map((name) => this.read(name, options[name]).set);
    const parts = own.ranges > 0 ? [own, ...lists] : lists;
    const [first = own, ...others] = parts;
    if (others.length === 0) return first;
    const make = (): MadeSet => {
      const content = others.reduce((all, part) => union(all, part.content()), first.content());
      return { content, counts: NO_COUNTS, warnings: [] };
    };
    const identity = { union: parts.map(({ digest }) => digest).sort() };
    return rememberSet(this.store, identity, names, make)?.set ?? own;
  }

  /** All that decides what the file says. */
  #wayOf(name: string, options: ListOptions): Way {
    const limits = toListLimits(options);
    return { ...toListFormat(this.file(name), options), skipBad: options.skipBad ?? false, limits };
  }

  /** `undefined` after new `problems`, and for a list that is not there. */
  #load(name: string, way: Way): ReadList | undefined {
    const [first, second] = this.#files.get(name) ?? [];
    const file = this.file(name);
    if (second !== undefined) this.problems.push(twoFiles(name, file, `lists/${second}`));
    if (first === undefined || second !== undefined) return undefined;
    const bytes = this.#bytes(file, this.problems);
    if (!bytes) return undefined;
    const hash = sha256(bytes);
    let unread: Buffer | undefined = bytes; // used once, then released
    const make = (): MadeSet | undefined => {
      const content = unread ?? this.#bytes(file, []);
      return content && this.#parse({ file, bytes: content }, way, unread ? this.problems : []);
    };
    const list = rememberSet(this.store, { file, sha256: hash, way }, [name], make);
    unread = undefined;
    if (!list) return undefined;
    const { set, counts, warnings } = list;
    this.problems.push(...warnings);
    return { name, file, sha256: hash, set, counts };
  }

  #bytes(file: string, problems: Diagnostic[]): Buffer | undefined {
    return readStateBytes(this.stateDir, file, problems, LIST_FILE_LIMIT);
  }

  #parse(
    { file, bytes }: { file: string; bytes: Buffer },
    { skipBad, limits, ...format }: Way,
    problems: Diagnostic[],
  ): MadeSet | undefined {
    if (!isUtf8(bytes)) {
      problems.push(notUtf8(file, bytes));
      return undefined;
    }
    const found: Diagnostic[] = [];
    const list = { file, bytes, format, skipBad, progress: this.progress };
    const parsed = parseList(list, found);
    const { ranges, entries, duplicates, overlaps, skipped } = parsed;
    const counts = { entries, duplicates, overlaps, skipped };
    if (found.every(({ severity }) => severity === 'warning'))
      found.push(...checkLimits(list, parsed, limits));
    if (found.every(({ severity }) => severity === 'warning'))
      return { content: ranges, counts, warnings: found };
    problems.push(...found);
    return undefined;
  }
}

type Way = ReturnType<typeof toListFormat> & { skipBad: boolean; limits: ListLimits };

function twoFiles(name: string, first: string, second: string): Diagnostic {
  return {
    severity: 'error',
    summary: 'two files for one list',
    detail: `${second} and ${first} are both the list ${JSON.stringify(name)}`,
    hint: 'Remove one, or give it another name.',
    at: { file: second, line: 1, column: 1 },
  };
}
