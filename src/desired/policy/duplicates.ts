// What the rules and tests of a file are called: names that stand twice, tests of rules that are not there or decide nothing; and more
// rules, groups counted, than a policy may have.
import { BUILTIN_ROWS, MAX_COUNTS, MAX_RULES } from '../../model/policy.js';
import { suggest } from '../../text/suggest.js';
import { quote } from '../../text/wording.js';
import { fieldOf, type Issue, issueAt, itemsOf, type StateDocument } from '../yaml/document.js';
import { locate } from '../yaml/locate.js';
import { type SomeRules, TOO_MANY_RULES } from './policy-schema.js';

/** The groups that there are. */
interface Groups {
  read: (name: string) => SomeRules;
}

interface Named {
  /** Absent where the schema refuses it. */
  name: string | undefined;
  /** Where it stands in the file. */
  path: PropertyKey[];
  enabled: boolean;
  /** It only counts. */
  counts: boolean;
}

/** Each rule by its name, those of groups where they are used. */
function listNames(value: unknown, field: 'rules' | 'tests', groups?: Groups): Named[] {
  return itemsOf(fieldOf(value, field)).flatMap((item, index): Named[] => {
    const used = fieldOf(item, 'use');
    if (typeof used === 'string') {
      const { rules = [], disabled = [] } = groups?.read(used) ?? {};
      const path = [field, index, 'use'];
      // Twice in the group itself is a problem of the group.
      const named = new Map([
        ...disabled.map(({ name }) => [name, undefined] as const),
        ...rules.map(({ name, action }) => [name, action.kind] as const),
      ]);
      return [...named].map(([name, action]) => ({
        name,
        path,
        enabled: action !== undefined,
        counts: action === 'count',
      }));
    }
    const name = fieldOf(item, 'name');
    return [
      {
        name: typeof name === 'string' ? name : undefined,
        path: [field, index, 'name'],
        enabled: fieldOf(item, 'enabled') !== false,
        counts: fieldOf(item, 'action') === 'count',
      },
    ];
  });
}

/** One for each place: a group that is used twice has every name twice. */
export function findDuplicates(
  { value, root, source }: StateDocument,
  field: 'rules' | 'tests',
  groups?: Groups,
): Issue[] {
  const first = new Map<string, PropertyKey[]>();
  const told = new Set<PropertyKey | undefined>();
  return listNames(value, field, groups).flatMap(({ name, path }) => {
    if (name === undefined) return [];
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, path);
      return [];
    }
    if (told.has(path[1])) return [];
    told.add(path[1]);
    const { line } = locate(root, earlier, 'value', source).place.at;
    const isUse = path.at(-1) === 'use';
    const message = `${isUse ? 'brings' : 'is'} ${quote(name)} a second time; the first is on line ${line}`;
    const hint = isUse ? 'Use each group once.' : 'Give each a name of its own.';
    return [issueAt(path, { summary: 'duplicate name', message, hint })];
  });
}

export function findUnknownRules(value: unknown, groups: Groups): Issue[] {
  const rules = listNames(value, 'rules', groups);
  const names = [
    ...rules.flatMap(({ name, enabled }) => (name !== undefined && enabled ? [name] : [])),
    ...BUILTIN_ROWS,
  ];
  const known = new Set(names);
  return itemsOf(fieldOf(value, 'tests')).flatMap((test, index) => {
    const rule = fieldOf(test, 'rule');
    if (typeof rule !== 'string') return [];
    if (rules.some(({ name, enabled, counts }) => name === rule && enabled && counts))
      return [issueAt(['tests', index, 'rule'], onlyCounts(rule))];
    if (known.has(rule)) return [];
    const isThere = rules.some(({ name }) => name === rule);
    return [issueAt(['tests', index, 'rule'], isThere ? disabled(rule) : unknown(rule, names))];
  });
}

interface Text {
  summary: string;
  message: string;
  hint: string;
}

function unknown(rule: string, names: string[]): Text {
  const meant = suggest(rule, names);
  return {
    summary: 'unknown rule',
    message: `names ${quote(rule)}, which is no rule of this policy, nor one of ${BUILTIN_ROWS.join(', ')}`,
    hint:
      meant === undefined ? 'Name a rule of this policy, or leave it out.' : `Did you mean ${quote(meant)}?`,
  };
}

function disabled(rule: string): Text {
  return {
    summary: 'disabled rule',
    message: `names ${quote(rule)}, which has \`enabled: false\` and decides nothing`,
    hint: 'Enable the rule, or remove the test.',
  };
}

function onlyCounts(rule: string): Text {
  return {
    summary: 'rule that only counts',
    message: `names ${quote(rule)}, which counts packets and decides none`,
    hint: 'Name the rule that decides the packet, or leave it out.',
  };
}

export function tooManyCounts(value: unknown, groups: Groups): Issue[] {
  const counting = listNames(value, 'rules', groups).filter(({ enabled, counts }) => enabled && counts);
  const first = counting[MAX_COUNTS];
  if (first === undefined) return [];
  const message = `is rule ${MAX_COUNTS + 1} with \`action: count\`: a policy has ${MAX_COUNTS} of them at most, since a packet may match them all`;
  const hint = 'Join some: rules that decide count their packets as well.';
  return [issueAt(first.path, { summary: 'too many rules that count', message, hint })];
}

/** With those of groups; the schema refuses more without them. */
export function tooManyRules(value: unknown, groups: Groups): Issue[] {
  const written = itemsOf(fieldOf(value, 'rules')).length;
  const { length } = listNames(value, 'rules', groups).filter(({ enabled }) => enabled);
  if (written > MAX_RULES || length <= MAX_RULES) return [];
  const hint = 'Use fewer groups, or address lists.';
  return [
    issueAt(['rules'], {
      summary: 'too many rules',
      message: `${TOO_MANY_RULES}; with groups it has ${length}`,
      hint,
    }),
  ];
}
