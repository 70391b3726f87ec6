// Checks `lists` of a policy against the files and the rules. Refused: options of a list that does not exist or that no rule names, options
// of another format, and a file with more entries or another SHA-256 than the options allow.
import { fieldOf, type Issue, issueAt, itemsOf } from '../yaml/document.js';
import { addressesIn, unknownList, type WrittenOptions } from './list-references.js';
import { CSV_FIELDS, formatOf, type ListOptions, listOptionsSchema } from './list-options.js';
import type { ListReader } from './lists.js';
import { quote } from '../../text/wording.js';

/** The options of each list in a policy as it stands in the file. */
export function writtenOptions(policy: unknown): WrittenOptions {
  const lists = fieldOf(policy, 'lists');
  const isMap = typeof lists === 'object' && lists !== null && !Array.isArray(lists);
  const written = Object.entries(isMap ? lists : {});
  return Object.fromEntries(written.map(([name, value]) => [name, listOptionsSchema.safeParse(value).data]));
}

/** Reads the lists that have options. */
export function checkLists(policy: unknown, lists: ListReader): Issue[] {
  const used = namesIn(policy);
  return Object.entries(writtenOptions(policy)).flatMap(([name, options]) => {
    if (!lists.has(name)) return [issueAt(['lists', name], unknownList(name, lists.names()))];
    const issues = used.has(name) ? [] : [unused(name)];
    if (!options) return issues;
    return [...issues, ...checkFormat(name, options, lists), ...checkContent(name, options, lists)];
  });
}

/** The lists that the rules name. */
function namesIn(policy: unknown): Set<string> {
  const matches = itemsOf(fieldOf(policy, 'rules')).map((rule) => fieldOf(rule, 'match'));
  return new Set(
    matches.flatMap(addressesIn).flatMap(({ value }) => (fieldOf(value, 'list') as string | undefined) ?? []),
  );
}

function unused(name: string): Issue {
  return issueAt(['lists', name], {
    summary: 'unused list options',
    message: 'is a list that no rule of this policy names',
    hint: 'Name it in a rule, or remove its options.',
  });
}

function checkFormat(name: string, options: ListOptions, lists: ListReader): Issue[] {
  const file = lists.file(name);
  const format = formatOf(file, options);
  const [isSets, isTable] = [format === 'ipset' || format === 'netset', format === 'csv'];
  const others = [
    ...(isTable ? [] : CSV_FIELDS.map((field) => [field, 'csv'] as const)),
    ...(isSets ? [] : [['set', 'ipset'] as const]),
  ];
  return others
    .filter(([field]) => options[field] !== undefined)
    .map(([field, of]) =>
      issueAt(['lists', name, field], {
        summary: 'option of another format',
        message: `goes with format ${of}, and ${file} is read as ${format}`,
        hint: `Add \`format: ${of}\`, or remove it.`,
      }),
    );
}

function checkContent(name: string, options: ListOptions, lists: ListReader): Issue[] {
  const { file, sha256, counts } = lists.read(name, options);
  const issues: Issue[] = [];
  if (sha256 !== undefined && options.sha256 !== undefined && options.sha256 !== sha256) {
    const message = `is not that of ${file}, which has ${sha256}`;
    const hint = 'Find out why the file changed; if it is meant to, write its own here.';
    issues.push(issueAt(['lists', name, 'sha256'], { summary: 'list was changed', message, hint }));
  }
  if (options.maxEntries !== undefined && counts.entries > options.maxEntries) {
    const message = `allows ${options.maxEntries} entries, and ${file} has ${counts.entries}`;
    const hint = `Shorten the list, or allow more where ${quote(name)} is meant to be so long.`;
    issues.push(issueAt(['lists', name, 'maxEntries'], { summary: 'list too long', message, hint }));
  }
  return issues;
}
