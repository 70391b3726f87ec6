// Finds the lists that matches name, in files with other problems too.
import { ADDRESS_FIELDS } from '../../model/policy.js';
import { suggest } from '../../text/suggest.js';
import { fieldOf, type Issue, issueAt, itemsOf } from '../yaml/document.js';
import type { ListOptions } from './list-options.js';
import type { ListReader } from './lists.js';
import { FILE_NAME } from '../policy/values.js';
import { quote } from '../../text/wording.js';

/** Of lists that have options, by name; nothing for those that the schema refuses. */
export type WrittenOptions = Record<string, ListOptions | undefined>;

/** `match` as it stands in the file at `path`. Reads the lists that it names. */
export function findUnknownLists(
  match: unknown,
  path: PropertyKey[],
  lists: ListReader,
  options: WrittenOptions = {},
): Issue[] {
  return addressesIn(match).flatMap(({ value, at }) =>
    checkReference(value, [...path, ...at], lists, options),
  );
}

/** What stands where addresses may, in a match of a file with other problems too, and where in it. */
export function addressesIn(match: unknown): { value: unknown; at: PropertyKey[] }[] {
  return [[], ['not']].flatMap((half) =>
    ADDRESS_FIELDS.flatMap((field) => {
      const at = [...half, field];
      const value = at.reduce<unknown>((within, name) => fieldOf(within, name), match);
      if (!Array.isArray(value)) return [{ value, at }];
      return itemsOf(value).map((item, index) => ({ value: item, at: [...at, index] }));
    }),
  );
}

function checkReference(
  value: unknown,
  path: PropertyKey[],
  lists: ListReader,
  options: WrittenOptions,
): Issue[] {
  const name = fieldOf(value, 'list');
  if (typeof name !== 'string' || !FILE_NAME.test(name)) return []; // no reference, or refused already
  if (!lists.has(name)) return [issueAt([...path, 'list'], unknownList(name, lists.names()))];
  // What the schema refuses of its options would only make more problems of its lines.
  if (!(name in options) || options[name]) lists.read(name, options[name]);
  return [];
}

/** Of a reference, or of options. */
export function unknownList(
  name: string,
  names: string[],
): { summary: string; message: string; hint: string } {
  const meant = suggest(name, names);
  const there = names.length === 0 ? 'there are no lists' : `the lists are ${names.join(', ')}`;
  return {
    summary: 'unknown list',
    message: `names ${quote(name)}, but there is no file lists/${name}.txt; ${there}`,
    hint: meant === undefined ? `Add lists/${name}.txt.` : `Did you mean ${quote(meant)}?`,
  };
}
