// Policy files -> policies, each read once for all that name it. Refused beside what the schema refuses: lists that do
// not exist, names that stand twice, and tests of rules that are not there.
import { BUILTIN_ROWS, MAX_COUNTS, type Policy } from '../../model/policy.js';
import type { Diagnostic } from '../../model/diagnostic.js';
import type { Position } from '../../model/position.js';
import { suggest } from '../../text/suggest.js';
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
import { policySchema, toPolicy } from './policy-schema.js';
import { readStateFile } from '../read.js';
import type { Source } from '../yaml/source.js';
import { quote } from '../../text/wording.js';

export class PolicyReader {
  readonly #known: Set<string>;
  readonly #policies = new Map<string, Policy | undefined>();
  /** Text by name, of those that were read and could be. */
  readonly sources = new Map<string, Source>();
  readonly #options = new Map<string, Record<string, ListOptions>>();

  /** `problems` receives those of each policy that is read, and of the lists that it names. */
  constructor(
    private readonly stateDir: string,
    private readonly lists: ListReader,
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

  /** What a policy that was read says about its lists. */
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
    this.#options.set(name, data.lists);
    const place = (...path: PropertyKey[]): Position => locate(root, path, 'value', source).place.at;
    return toPolicy(data, (written) => this.lists.resolve(written, data.lists), {
      policy: place(),
      rule: (index) => place('rules', index),
      test: (index) => place('tests', index),
      setting: (name) => {
        const { found, place } = locate(root, [name], 'key', source);
        return found ? place.at : undefined;
      },
    });
  }

  #findMore(document: StateDocument): Issue[] {
    const { value } = document;
    const rules = itemsOf(fieldOf(value, 'rules'));
    const options = writtenOptions(value);
    return [
      ...findDuplicates(document, 'rules'),
      ...findDuplicates(document, 'tests'),
      ...rules.flatMap((rule, at) =>
        findUnknownLists(fieldOf(rule, 'match'), ['rules', at, 'match'], this.lists, options),
      ),
      ...checkLists(value, this.lists),
      ...findUnknownRules(value),
      ...findTooManyCounts(value),
    ];
  }
}

function findDuplicates({ value, root, source }: StateDocument, field: 'rules' | 'tests'): Issue[] {
  const first = new Map<string, number>();
  return itemsOf(fieldOf(value, field)).flatMap((item, index) => {
    const name = fieldOf(item, 'name');
    if (typeof name !== 'string') return [];
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      return [];
    }
    const { line } = locate(root, [field, earlier, 'name'], 'value', source).place.at;
    const message = `is ${quote(name)} a second time; the first is on line ${line}`;
    const problem = { summary: 'duplicate name', message, hint: 'Give each a name of its own.' };
    return [issueAt([field, index, 'name'], problem)];
  });
}

function findUnknownRules(value: unknown): Issue[] {
  const written = itemsOf(fieldOf(value, 'rules'));
  const inForce = written.filter((rule) => fieldOf(rule, 'enabled') !== false);
  const rules = inForce.map((rule) => fieldOf(rule, 'name'));
  const names = [...rules.filter((name) => typeof name === 'string'), ...BUILTIN_ROWS];
  const known = new Set(names);
  const counting = new Set(inForce.filter(doesCount).map((rule) => fieldOf(rule, 'name')));
  return itemsOf(fieldOf(value, 'tests')).flatMap((test, index) => {
    const rule = fieldOf(test, 'rule');
    if (typeof rule !== 'string') return [];
    if (counting.has(rule)) return [issueAt(['tests', index, 'rule'], onlyCounts(rule))];
    if (known.has(rule)) return [];
    if (written.some((one) => fieldOf(one, 'name') === rule))
      return [issueAt(['tests', index, 'rule'], disabled(rule))];
    const meant = suggest(rule, names);
    const problem = {
      summary: 'unknown rule',
      message: `names ${quote(rule)}, which is no rule of this policy, nor one of ${BUILTIN_ROWS.join(', ')}`,
      hint:
        meant === undefined
          ? 'Name a rule of this policy, or leave it out.'
          : `Did you mean ${quote(meant)}?`,
    };
    return [issueAt(['tests', index, 'rule'], problem)];
  });
}

function doesCount(rule: unknown): boolean {
  return fieldOf(rule, 'action') === 'count';
}

function onlyCounts(rule: string): { summary: string; message: string; hint: string } {
  return {
    summary: 'rule that only counts',
    message: `names ${quote(rule)}, which counts packets and decides none`,
    hint: 'Name the rule that decides the packet, or leave it out.',
  };
}

function findTooManyCounts(value: unknown): Issue[] {
  const counting = itemsOf(fieldOf(value, 'rules')).flatMap((rule, index) =>
    doesCount(rule) ? [index] : [],
  );
  const first = counting[MAX_COUNTS];
  if (first === undefined) return [];
  const message = `is rule ${MAX_COUNTS + 1} with \`count\`: a policy has ${MAX_COUNTS} of them at most, since a packet may match them all`;
  const hint = 'Join some: rules that decide count their packets as well.';
  return [issueAt(['rules', first, 'action'], { summary: 'too many rules that count', message, hint })];
}

function disabled(rule: string): { summary: string; message: string; hint: string } {
  return {
    summary: 'disabled rule',
    message: `names ${quote(rule)}, which has \`enabled: false\` and decides nothing`,
    hint: 'Enable the rule, or remove the test.',
  };
}
