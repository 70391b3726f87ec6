// RuleGroup files -> rules, each file read once for all policies that use it. Their names begin with that of the group, so that no
// counter of theirs is that of another rule; their places stay those in the file of the group.
import type { Diagnostic } from '../../model/diagnostic.js';
import type { Position } from '../../model/position.js';
import { suggest } from '../../text/suggest.js';
import { quote } from '../../text/wording.js';
import { listOptionalFolder, stateFilePath } from '../folders.js';
import { checkLists, writtenOptions } from '../lists/list-checks.js';
import type { ListOptions } from '../lists/list-options.js';
import { findUnknownLists } from '../lists/list-references.js';
import type { ListReader } from '../lists/lists.js';
import { readStateFile } from '../read.js';
import { fieldOf, type Issue, itemsOf, parseDocument, type StateDocument } from '../yaml/document.js';
import { locate } from '../yaml/locate.js';
import type { Source } from '../yaml/source.js';
import { findDuplicates } from './duplicates.js';
import { groupSchema } from './group-schema.js';
import { type SomeRules, toRules } from './policy-schema.js';

export interface RuleGroup extends SomeRules {
  /** What it says about its lists. */
  lists: Record<string, ListOptions>;
}

const NOTHING: RuleGroup = { rules: [], disabled: [], lists: {} };

export class GroupReader {
  readonly #known: Set<string>;
  readonly #groups = new Map<string, RuleGroup>();
  /** Text by name, of those that were read and could be. */
  readonly sources = new Map<string, Source>();

  /** `problems` receives those of each group that is read, and of the lists that it names. */
  constructor(
    private readonly stateDir: string,
    private readonly lists: ListReader,
    private readonly problems: Diagnostic[],
  ) {
    this.#known = new Set(listOptionalFolder(stateDir, 'rulegroups').names);
  }

  /** Names of the groups that there are, sorted. */
  names(): string[] {
    return [...this.#known];
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** Empty after new `problems`, and for a group that is not there. */
  read(name: string): RuleGroup {
    if (!this.has(name)) return NOTHING;
    const known = this.#groups.get(name) ?? this.#load(name) ?? NOTHING;
    this.#groups.set(name, known);
    return known;
  }

  #load(name: string): RuleGroup | undefined {
    const source = readStateFile(this.stateDir, stateFilePath('rulegroups', name), this.problems);
    if (!source) return undefined;
    this.sources.set(name, source);
    const file = { kind: 'rulegroup', name, schema: groupSchema } as const;
    const document = parseDocument(source, file, (found) => this.#findMore(found), this.problems);
    if (!document?.data) return undefined;
    const { data, root } = document;
    const place = (index: number): Position => locate(root, ['rules', index], 'value', source).place.at;
    const parts = data.rules.map((rule, index) =>
      toRules(
        { ...rule, name: `${name}/${rule.name}` },
        (written) => this.lists.resolve(written, data.lists),
        place(index),
      ),
    );
    return {
      rules: parts.flatMap(({ rules }) => rules),
      disabled: parts.flatMap(({ disabled }) => disabled),
      lists: data.lists,
    };
  }

  #findMore(document: StateDocument): Issue[] {
    const { value } = document;
    const options = writtenOptions(value);
    return [
      ...findDuplicates(document, 'rules'),
      ...itemsOf(fieldOf(value, 'rules')).flatMap((rule, at) =>
        findUnknownLists(fieldOf(rule, 'match'), ['rules', at, 'match'], this.lists, options),
      ),
      ...checkLists(value, this.lists),
    ];
  }
}

/** Of a `use`. */
export function unknownGroup(
  name: string,
  names: string[],
): { summary: string; message: string; hint: string } {
  const meant = suggest(name, names);
  const there = names.length === 0 ? 'there are no groups' : `the groups are ${names.join(', ')}`;
  return {
    summary: 'unknown group',
    message: `names ${quote(name)}, but there is no file rulegroups/${name}.yaml; ${there}`,
    hint: meant === undefined ? `Add rulegroups/${name}.yaml.` : `Did you mean ${quote(meant)}?`,
  };
}
