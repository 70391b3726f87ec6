// Policy files -> policies, each read once for all that name it. Refused beside what the schema refuses: lists that do
// not exist, names that stand twice, and tests of rules that are not there.
import type { Policy } from '../../model/policy.js';
import type { Diagnostic } from '../../model/diagnostic.js';
import type { Position } from '../../model/position.js';
import {
  fieldOf,
  type Issue,
  issueAt,
  itemsOf,
  parseDocument,
  type StateDocument,
} from '../yaml/document.js';
import { listOptionalFolder, stateFilePath } from '../folders.js';
import { findUnknownLists } from '../lists/list-references.js';
import { checkLists, writtenOptions } from '../lists/list-checks.js';
import type { ListOptions } from '../lists/list-options.js';
import type { ListReader } from '../lists/lists.js';
import { locate } from '../yaml/locate.js';
import { findDuplicates, findUnknownRules, tooManyCounts, tooManyRules } from './duplicates.js';
import { type GroupReader, unknownGroup } from './groups.js';
import { policySchema, toPolicy } from './policy-schema.js';
import { FILE_NAME } from './values.js';
import type { WrittenAddress } from '../../policy/fields/field.js';
import { readStateFile } from '../read.js';
import type { Source } from '../yaml/source.js';

export class PolicyReader {
  readonly #known: Set<string>;
  readonly #policies = new Map<string, Policy | undefined>();
  /** Text by name, of those that were read and could be. */
  readonly sources = new Map<string, Source>();
  readonly #groupsOf = new Map<string, string[]>();
  readonly #options = new Map<string, Record<string, ListOptions>>();

  /** `problems` receives those of each policy that is read, and of the lists that it names. */
  constructor(
    private readonly stateDir: string,
    private readonly lists: ListReader,
    private readonly groups: GroupReader,
    private readonly problems: Diagnostic[],
  ) {
    this.#known = new Set(listOptionalFolder(stateDir, 'policies').names);
  }

  /** Names of the policies that there are, sorted. */
  names(): string[] {
    return [...this.#known];
  }

  /** Of those that were read, sorted. */
  namesRead(): string[] {
    return [...this.#policies.keys()].sort();
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** `undefined` after new `problems`, and for a policy that is not there. */
  read(name: string): Policy | undefined {
    if (!this.has(name)) return undefined;
    if (!this.#policies.has(name)) this.#policies.set(name, this.#load(name));
    return this.#policies.get(name);
  }

  /** Texts of a policy that was read and of the groups that it uses. */
  textsOf(name: string): Source[] {
    const groups = (this.#groupsOf.get(name) ?? []).map((group) => this.groups.sources.get(group));
    return [this.sources.get(name), ...groups].flatMap((source) => source ?? []);
  }

  /** What a policy that was read, or a group that it uses, says about its lists. */
  listOptions(name: string): Record<string, ListOptions> {
    return this.#options.get(name) ?? {};
  }

  #load(name: string): Policy | undefined {
    const path = stateFilePath('policies', name);
    const source = readStateFile(this.stateDir, path, this.problems);
    if (!source) return undefined;
    this.sources.set(name, source);
    return this.#parse(name, source);
  }

  #parse(name: string, source: Source): Policy | undefined {
    const file = { kind: 'policy', folder: 'policies', name, schema: policySchema } as const;
    const document = parseDocument(source, file, (found) => this.#findMore(found), this.problems);
    if (!document?.data) return undefined;
    const { data, root } = document;
    const used = data.rules.flatMap((one) => ('use' in one ? [one.use] : []));
    const ofGroups = used.map((group) => this.groups.read(group).lists);
    this.#options.set(name, Object.assign({}, ...ofGroups, data.lists) as Record<string, ListOptions>);
    this.#groupsOf.set(name, used);
    const place = (...path: PropertyKey[]): Position => locate(root, path, 'value', source).place.at;
    const resolve = (written: WrittenAddress[]) => this.lists.resolve(written, data.lists);
    return toPolicy(data, resolve, (group) => this.groups.read(group), {
      policy: place(),
      rule: (index) => place('rules', index),
      test: (index) => place('tests', index),
      setting: (name) => {
        const { found, place } = locate(root, [name], 'key', source);
        return found ? place.at : undefined;
      },
    });
  }

  #findUses(rules: unknown[]): Issue[] {
    return rules.flatMap((rule, index) => {
      const name = fieldOf(rule, 'use');
      if (typeof name !== 'string' || !FILE_NAME.test(name) || this.groups.has(name)) return [];
      return [issueAt(['rules', index, 'use'], unknownGroup(name, this.groups.names()))];
    });
  }

  #findMore(document: StateDocument): Issue[] {
    const { value } = document;
    const rules = itemsOf(fieldOf(value, 'rules'));
    const options = writtenOptions(value);
    return [
      ...this.#findUses(rules),
      ...findDuplicates(document, 'rules', this.groups),
      ...findDuplicates(document, 'tests'),
      ...rules.flatMap((rule, at) =>
        findUnknownLists(fieldOf(rule, 'match'), ['rules', at, 'match'], this.lists, options),
      ),
      ...checkLists(value, this.lists),
      ...findUnknownRules(value, this.groups),
      ...tooManyRules(value, this.groups),
      ...tooManyCounts(value, this.groups),
    ];
  }
}
