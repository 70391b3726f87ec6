// One message a fault: leaves out what is wrong only because of another mistake that is told.
import type * as z from 'zod';
import { fieldMeant } from '../advice/meant.js';
import type { SchemaPlaces } from '../json-schema.js';

type Issue = z.core.$ZodIssue;

/** Of an empty map: the names of its fields that stand beside it. */
const besideEmpty = new WeakMap<Issue, readonly string[]>();

export function isEmptyWithFieldsBeside(issue: Issue): readonly string[] | undefined {
  return besideEmpty.get(issue);
}

/** Each issue has one key at most. */
export function withoutConsequences(issues: readonly Issue[], schema: SchemaPlaces): Issue[] {
  const left = new Set(issues);
  for (const issue of issues) if (isEmpty(issue)) leaveFieldsBeside(issue, left, schema);
  for (const issue of issues) if (issue.code === 'unrecognized_keys') leaveMissing(issue, left, schema);
  leaveFurtherFlags(issues, left);
  leaveFurtherOfOneValue(issues, left);
  leaveListsOfBadItems(issues, left);
  return [...left];
}

function isEmpty(issue: Issue): boolean {
  return issue.input === null && (issue.code === 'invalid_type' || issue.code === 'invalid_union');
}

/** `match:` with its fields in its own column. */
function leaveFieldsBeside(empty: Issue, left: Set<Issue>, schema: SchemaPlaces): void {
  const fields = schema.fields(empty.path);
  const above = empty.path.slice(0, -1);
  const beside = [...left].filter((issue) => {
    const name = nameBeside(issue, above);
    return issue !== empty && name !== undefined && fields.includes(name);
  });
  if (beside.length === 0) return;
  for (const issue of beside) left.delete(issue);
  besideEmpty.set(empty, [...new Set(beside.map((issue) => nameBeside(issue, above) ?? ''))]);
}

/** The field of the map at `above` that an issue is about. */
function nameBeside(issue: Issue, above: readonly PropertyKey[]): string | undefined {
  if (!above.every((key, at) => issue.path[at] === key)) return undefined;
  if (issue.code === 'unrecognized_keys')
    return issue.path.length === above.length ? issue.keys[0] : undefined;
  const name = issue.path[above.length];
  return typeof name === 'string' ? name : undefined;
}

/** What is missing where something is unknown was mostly written under another name. */
function leaveMissing(
  unknown: z.core.$ZodIssueUnrecognizedKeys,
  left: Set<Issue>,
  schema: SchemaPlaces,
): void {
  const known = schema.fields(unknown.path);
  const isOfSameMap = ({ path }: Issue, extra: number): boolean =>
    path.length === unknown.path.length + extra && unknown.path.every((key, at) => path[at] === key);
  const missing = [...left].filter(
    (issue) => issue.code !== 'custom' && issue.input === undefined && isOfSameMap(issue, 1),
  );
  const others = [...left].filter((issue) => issue.code === 'unrecognized_keys' && isOfSameMap(issue, 0));
  const meant = fieldMeant(unknown.keys[0] ?? '', known);
  for (const issue of missing)
    if (missing.length <= others.length || meant.includes(String(issue.path.at(-1)))) left.delete(issue);
}

/** Several of them at one path are several faults. */
const OF_A_MAP: readonly Issue['code'][] = ['custom', 'unrecognized_keys', 'invalid_key'];

/** What else is wrong with a value that is of the wrong type or size. */
function leaveFurtherOfOneValue(issues: readonly Issue[], left: Set<Issue>): void {
  const told = new Set<string>();
  for (const issue of issues) {
    const path = JSON.stringify(issue.path);
    if (told.has(path)) left.delete(issue);
    if (!OF_A_MAP.includes(issue.code)) told.add(path);
  }
}

/** What is wrong with a list some of whose items are no such thing. */
function leaveListsOfBadItems(issues: readonly Issue[], left: Set<Issue>): void {
  const lists = new Set(
    issues
      .filter(({ code, path }) => code === 'invalid_type' && typeof path.at(-1) === 'number')
      .map(({ path }) => JSON.stringify(path.slice(0, -1))),
  );
  for (const issue of issues) if (lists.has(JSON.stringify(issue.path))) left.delete(issue);
}

/** Words in a list of flags: what is to be written in place of the first is in place of all. */
function leaveFurtherFlags(issues: readonly Issue[], left: Set<Issue>): void {
  const told = new Set<string>();
  for (const issue of issues) {
    if (issue.path.at(-2) !== 'tcpFlags' || typeof issue.input !== 'string') continue;
    const list = JSON.stringify(issue.path.slice(0, -1));
    if (told.has(list)) left.delete(issue);
    told.add(list);
  }
}
