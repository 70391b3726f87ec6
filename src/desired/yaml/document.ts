// One YAML file of the state directory: text -> nodes and plain value, with all that is wrong with it.
import type { Node } from 'yaml';
import type * as z from 'zod';
import type { Diagnostic } from '../../model/diagnostic.js';
import { explain } from './schema-messages.js';
import { type StateFolder, stateFilePath } from '../folders.js';
import type { SchemaKind } from '../json-schema.js';
import { locate } from './locate.js';
import { readStateFile } from '../read.js';
import type { Source } from './source.js';
import { MOST_PROBLEMS } from './syntax.js';
import { type ParsedYaml, parseYaml } from './yaml.js';

export type Issue = z.core.$ZodIssue;

/** The name of the file is also what it must call itself. */
export interface StateFile<T> {
  kind: SchemaKind;
  folder: StateFolder;
  name: string;
  schema: z.ZodType<T>;
}

export interface StateDocument<T = unknown> {
  source: Source;
  root: Node;
  /** As in ParsedYaml: nothing is known of its shape. */
  value: unknown;
  /** What the schema refuses. */
  issues: Issue[];
  /** What the schema made of it; absent when it refuses something. */
  data?: T | undefined;
}

/** `findMore` looks for what the schema cannot see. `undefined` when the file cannot be understood any further; otherwise there may still be new `problems`. */
export function readDocument<T>(
  stateDir: string,
  file: StateFile<T>,
  findMore: (document: StateDocument) => Issue[],
  problems: Diagnostic[],
): StateDocument<T> | undefined {
  const source = readStateFile(stateDir, stateFilePath(file.folder, file.name), problems);
  return source && parseDocument(source, file, findMore, problems);
}

/** The same for a text that was read, wherever it lies. */
export function parseDocument<T>(
  source: Source,
  file: Omit<StateFile<T>, 'folder'>,
  findMore: (document: StateDocument) => Issue[],
  problems: Diagnostic[],
): StateDocument<T> | undefined {
  const found: Diagnostic[] = [];
  const parsed = parseYaml(source, found);
  const document = parsed && applySchema(source, parsed, file.schema);
  if (document) {
    const issues = [...document.issues, ...findMore(document)];
    found.push(...checkDocument(document, file, issues, found));
  }
  problems.push(...found.slice(0, MOST_PROBLEMS));
  if (found.length > MOST_PROBLEMS) problems.push(moreProblems(source.file, found.length - MOST_PROBLEMS));
  return document;
}

function applySchema<T>(source: Source, parsed: ParsedYaml, schema: z.ZodType<T>): StateDocument<T> {
  const { data, error } = schema.safeParse(parsed.value, { reportInput: true });
  return { source, ...parsed, issues: error?.issues ?? [], data };
}

function checkDocument(
  { root, value, source }: StateDocument,
  file: Omit<StateFile<unknown>, 'folder'>,
  issues: Issue[],
  earlier: Diagnostic[],
): Diagnostic[] {
  const places = new Set(earlier.map(placeText));
  const explained = explain(issues, { kind: file.kind, root, source }, MOST_PROBLEMS + 1);
  // What an alias would have been is not what the schema expects: the alias is problem enough.
  const problems = explained.filter((problem) => !places.has(placeText(problem)));
  const name = fieldOf(value, 'name');
  const isRefused = issues.some((issue) => issue.path[0] === 'name');
  if (typeof name === 'string' && name !== file.name && !isRefused) {
    problems.push(otherName(name, file, root, source));
  }
  return problems;
}

/** The value of a field, if `value` is a map that has it. */
export function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}

/** The items, if `value` is a list. */
export function itemsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** An issue of our own beside those of zod. */
export function issueAt(
  path: PropertyKey[],
  { message, ...params }: { summary: string; message: string; hint: string },
): Issue {
  return { code: 'custom', path, message, params, input: undefined };
}

function otherName(
  name: string,
  file: Omit<StateFile<unknown>, 'folder'>,
  root: Node,
  source: Source,
): Diagnostic {
  return {
    severity: 'error',
    summary: 'name is not that of the file',
    detail: `${source.file} says that it is ${JSON.stringify(name)}`,
    hint: `Write \`name: ${file.name}\`, or rename the file.`,
    ...locate(root, ['name'], 'value', source).place,
  };
}

function placeText({ at }: Diagnostic): string {
  return `${at.line}:${at.column}`;
}

/** For a file with more problems than anybody reads at once. */
export function moreProblems(file: string, count: number): Diagnostic {
  const detail = `${file} has at least ${count} more`;
  const hint = 'Correct those above first.';
  return { severity: 'error', summary: 'more problems', detail, hint, at: { file, line: 1, column: 1 } };
}
