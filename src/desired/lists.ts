// Address lists: one address or network a line, "#" begins a comment. Refused: whatever address.ts refuses, by line.
// A list is read once for all that name it, and sorted, so that moved lines change nothing.
import type { Diagnostic } from '../model/diagnostic.js';
import { toAddressSet } from '../disk/address-sets.js';
import { fromCidrs } from '../model/networks.js';
import type { ObjectStore } from '../model/object-store.js';
import type { AddressSet, Cidr } from '../model/policy.js';
import { union } from '../model/ranges.js';
import { parseCidr } from './address.js';
import { moreProblems } from './document.js';
import { listOptionalFolder, stateFilePath } from './folders.js';
import { readStateFile } from './read.js';
import type { WrittenAddress } from './match.js';
import type { Source } from './source.js';
import { MOST_PROBLEMS } from './syntax.js';

/** Bytes. */
const LIST_FILE_LIMIT = 256 << 20;
/** More would not fit into the memory of this process. */
const MOST_NETWORKS = 5_000_000;

export class ListReader {
  readonly #known: Set<string>;
  readonly #lists = new Map<string, AddressSet>();

  /** `problems` receives those of each list that is read. */
  constructor(
    private readonly stateDir: string,
    private readonly problems: Diagnostic[],
    private readonly store: Pick<ObjectStore, 'put'>,
  ) {
    this.#known = new Set(listOptionalFolder(stateDir, 'lists').names);
  }

  /** Names of the lists that there are, sorted. */
  names(): string[] {
    return [...this.#known];
  }

  /** Of those that were read, sorted. */
  namesRead(): string[] {
    return [...this.#lists.keys()].sort();
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** Incomplete after new `problems`, empty for a list that is not there. */
  read(name: string): AddressSet {
    const known = this.#lists.get(name);
    if (known) return known;
    if (!this.has(name)) return this.#toSet([], [name]);
    const path = stateFilePath('lists', name);
    const source = readStateFile(this.stateDir, path, this.problems, LIST_FILE_LIMIT);
    const list = this.#toSet(source ? parseList(source, this.problems) : [], [name]);
    this.#lists.set(name, list);
    return list;
  }

  /** Networks and lists as one set; one list alone is shared by all who name it. */
  resolve(written: WrittenAddress[]): AddressSet {
    const names = [...new Set(written.flatMap((one) => ('list' in one ? [one.list] : [])))];
    const networks = written.flatMap((one) => ('list' in one ? [] : [one]));
    const lists = names.map((name) => this.read(name));
    const [only] = lists;
    if (only && lists.length === 1 && networks.length === 0) return only;
    const content = lists.reduce((all, list) => union(all, list.content()), fromCidrs(networks));
    return toAddressSet(content, names, this.store);
  }

  #toSet(networks: Cidr[], lists: string[]): AddressSet {
    return toAddressSet(fromCidrs(networks), lists, this.store);
  }
}

function parseList(source: Source, problems: Diagnostic[]): Cidr[] {
  const { text, file } = source;
  const networks: Cidr[] = [];
  let wrong = 0;
  for (let start = 0; start < text.length;) {
    const lineBreak = text.indexOf('\n', start);
    const end = lineBreak === -1 ? text.length : lineBreak;
    const entry = parseLine(source, start, end);
    if (entry && 'summary' in entry && ++wrong <= MOST_PROBLEMS) problems.push(entry);
    else if (entry && 'family' in entry && networks.push(entry) > MOST_NETWORKS) {
      problems.push(tooMany(source, start, end));
      return [];
    }
    start = end + 1;
  }
  if (wrong > MOST_PROBLEMS) problems.push(moreProblems(file, wrong - MOST_PROBLEMS));
  return networks;
}

/** `undefined` for a line that says nothing. */
function parseLine(source: Source, start: number, end: number): Cidr | Diagnostic | undefined {
  const line = source.text.slice(start, end);
  const comment = line.indexOf('#');
  const entry = (comment === -1 ? line : line.slice(0, comment)).trim();
  if (entry === '') return undefined;
  const network = parseCidr(entry);
  if (!('message' in network)) return network;
  const { summary = 'invalid address', message, hint } = network;
  const at = start + line.indexOf(entry);
  return {
    severity: 'error',
    summary,
    detail: `the line ${message}`,
    ...hintOf(hint, entry),
    ...source.placeAt(at, at + entry.length),
  };
}

function hintOf(hint: string | undefined, entry: string): { hint?: string } {
  if (hint !== undefined) return { hint };
  return /\s/.test(entry) ? { hint: 'Write one address or network a line, and comments behind "#".' } : {};
}

function tooMany(source: Source, start: number, end: number): Diagnostic {
  return {
    severity: 'error',
    summary: 'list too long',
    detail: `${source.file} has more than ${MOST_NETWORKS} networks`,
    hint: 'Join neighbouring networks into wider ones.',
    ...source.placeAt(start, end),
  };
}
