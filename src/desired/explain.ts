// What the schema refuses, in words and with the place. zod says what it expected; people need to know what is wrong
// with what they wrote and what to write instead.
import type * as z from 'zod';
import type { Node } from 'yaml';
import type { Diagnostic } from '../model/diagnostic.js';
import { suggest } from '../model/suggest.js';
import { choiceHint, interfaceHint, MISSING_HINTS, valueHint } from './hints.js';
import { fieldNamesAt } from './json-schema.js';
import { locate, type Target } from './locate.js';
import type { Source } from './source.js';

type Issue = z.core.$ZodIssue;
type Text = Required<Pick<Diagnostic, 'summary' | 'detail' | 'hint'>>;

/** Fields of the format that this version does not act on yet. */
const LATER_FIELDS = new Set(['policy', 'protect', 'probes', 'confirm']);

/** One diagnostic per problem, at most `limit`: finding the place of each takes a walk through its map. */
export function explain(issues: Issue[], root: Node, source: Source, limit: number): Diagnostic[] {
  const unknownIn = new Set(issues.filter((one) => one.code === 'unrecognized_keys').map(pathText));
  return issues
    .filter((issue) => !(issue.code === 'custom' && unknownIn.has(pathText(issue))))
    .flatMap(oneKeyEach)
    .slice(0, limit)
    .flatMap((issue) => explainOne(issue, root, source));
}

function oneKeyEach(issue: Issue): Issue[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue];
}

function pathText(issue: Issue): string {
  return JSON.stringify(issue.path);
}

function explainOne(issue: Issue, root: Node, source: Source): Diagnostic[] {
  const show = (path: PropertyKey[], target: Target, text: Text): Diagnostic => {
    const { place } = locate(root, path, target, source);
    return { severity: 'error', ...text, ...place };
  };
  if (issue.code === 'unrecognized_keys') {
    const known = fieldNamesAt(issue.path);
    return issue.keys.map((key) => show([...issue.path, key], 'key', unknownField(key, known)));
  }
  if (issue.code === 'invalid_key') {
    const key = String(issue.path.at(-1));
    return issue.issues.map((inner) =>
      show(issue.path, 'key', {
        summary: 'invalid interface name',
        detail: `${quote(key)} ${inner.message}`,
        hint: interfaceHint(inner.message),
      }),
    );
  }
  const { found } = locate(root, issue.path, 'value', source);
  return [show(issue.path, 'value', found ? wrongValue(issue) : missingField(issue.path))];
}

function unknownField(key: string, known: string[]): Text {
  if (LATER_FIELDS.has(key)) {
    return {
      summary: 'unknown field',
      detail: `this version of xdpkeep does not know \`${key}\` yet, and would not act on it`,
      hint: 'Remove it, or install a version that knows it.',
    };
  }
  const meant = suggest(key, known);
  return {
    summary: 'unknown field',
    detail: `${quote(key)} is none of the fields here: ${known.join(', ')}`,
    hint: meant === undefined ? 'Remove it.' : `Did you mean ${quote(meant)}?`,
  };
}

function missingField(path: PropertyKey[]): Text {
  const field = String(path.at(-1));
  return {
    summary: 'missing field',
    detail: `\`${field}\` is missing`,
    hint: MISSING_HINTS[field] ?? valueHint(path),
  };
}

const TYPE_NAMES: Record<string, string> = { object: 'a map of fields', record: 'a map', string: 'text' };

function wrongValue(issue: Issue): Text {
  const field = issue.path.length === 0 ? 'the file' : `\`${String(issue.path.at(-1))}\``;
  const summary = 'invalid value';
  if (issue.code === 'invalid_type') {
    const wanted = TYPE_NAMES[issue.expected] ?? issue.expected;
    const detail = `${field} must be ${wanted}, not ${describe(issue.input)}`;
    return { summary: 'wrong type', detail, hint: typeHint(issue) };
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const detail = `${field} must be ${oneOf(values)}, not ${describe(issue.input)}`;
    const meant = typeof issue.input === 'string' ? suggest(issue.input, values) : undefined;
    return {
      summary,
      detail,
      hint: meant === undefined ? choiceHint(values) : `Did you mean ${quote(meant)}?`,
    };
  }
  return { summary, detail: `${field} ${issue.message}`, hint: valueHint(issue.path) };
}

function typeHint({ input, expected, path }: z.core.$ZodIssueInvalidType): string {
  const quotable = typeof input === 'number' || typeof input === 'boolean';
  return expected === 'string' && quotable ? `Quote it: "${input}".` : valueHint(path);
}

function oneOf(values: string[]): string {
  const last = values.at(-1) ?? '';
  return values.length < 2 ? last : `${values.slice(0, -1).join(', ')} or ${last}`;
}

function describe(input: unknown): string {
  if (input === null || input === undefined) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a map';
  return typeof input === 'string' ? quote(input) : `the ${typeof input} ${input as number | boolean}`;
}

const LONGEST_QUOTE = 60;

/** Quoted, and cut where it is too long to be read. */
function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text);
}
