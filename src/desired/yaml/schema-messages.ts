// Turns problems found by the schema into messages with a place. zod says what it expected; these messages say what is wrong with the
// text and what to write instead.
import type * as z from 'zod';
import type { Node } from 'yaml';
import type { Diagnostic } from '../../model/diagnostic.js';
import { suggest } from '../../text/suggest.js';
import { choiceHint, interfaceHint, kindHint, missingHint, valueHint } from './hints.js';
import { fieldNamesOf, type WrittenKind } from '../json-schema.js';
import { locate, type Target } from './locate.js';
import { PROGRAM_HINT } from '../host/host-schema.js';
import type { Source } from './source.js';
import { expectedTypes, unfold } from './union.js';
import { describe, oneOf, type Problem, quote } from '../../text/wording.js';

type Issue = z.core.$ZodIssue;
type Text = Pick<Diagnostic, 'summary' | 'detail' | 'hint'>;

/** Fields of the format that this version does not act on yet. */
const LATER_FIELDS = new Set(['probes', 'confirm']);

export interface Explained {
  kind: WrittenKind;
  root: Node;
  source: Source;
}

/** One diagnostic per problem, at most `limit`: finding the place of each takes a walk through its map. */
export function explain(issues: Issue[], file: Explained, limit: number): Diagnostic[] {
  const all = issues.flatMap(unfold);
  const unknownIn = new Set(all.filter((one) => one.code === 'unrecognized_keys').map(pathText));
  const explainer = new Explainer(file);
  return all
    .filter((issue) => !(issue.code === 'custom' && unknownIn.has(pathText(issue))))
    .flatMap(oneKeyEach)
    .slice(0, limit)
    .flatMap((issue) => explainer.explain(issue));
}

function oneKeyEach(issue: Issue): Issue[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue];
}

function pathText(issue: Issue): string {
  return JSON.stringify(issue.path);
}

class Explainer {
  #fieldNames: ((path: PropertyKey[]) => string[]) | undefined;

  constructor(private readonly file: Explained) {}

  explain(issue: Issue): Diagnostic[] {
    if (issue.code === 'unrecognized_keys') {
      const known = this.#fieldNamesAt(issue.path);
      return issue.keys.map((key) => {
        const text = isUnquoted(key, issue.input) ? unquotedText(key) : unknownField(key, known);
        return this.#show([...issue.path, key], 'key', text);
      });
    }
    if (issue.code === 'invalid_key') {
      const detail = quote(String(issue.path.at(-1)));
      return issue.issues.map((inner) =>
        this.#show(issue.path, 'key', {
          summary: 'invalid interface name',
          detail: `${detail} ${inner.message}`,
          hint: interfaceHint(inner.message),
        }),
      );
    }
    const isMissing = issue.code !== 'custom' && !this.#locate(issue.path, 'value').found;
    return [this.#show(issue.path, 'value', isMissing ? this.#missingField(issue.path) : wrongValue(issue))];
  }

  #fieldNamesAt(path: PropertyKey[]): string[] {
    this.#fieldNames ??= fieldNamesOf(this.file.kind);
    return this.#fieldNames(path);
  }

  #missingField(path: PropertyKey[]): Text {
    const field = String(path.at(-1));
    const hint = field === 'kind' ? kindHint(this.file.kind) : missingHint(path);
    return {
      summary: 'missing field',
      detail: `\`${field}\` is missing`,
      ...(hint !== undefined && { hint }),
    };
  }

  #locate(path: PropertyKey[], target: Target): ReturnType<typeof locate> {
    return locate(this.file.root, path, target, this.file.source);
  }

  #show(path: PropertyKey[], target: Target, text: Text): Diagnostic {
    const { hint = valueHint(path), ...rest } = text;
    const { place } = this.#locate(path, target);
    return { severity: 'error', ...rest, hint, ...place };
  }
}

/** `- fe80::` is a map with the key "fe80:" to YAML. */
function isUnquoted(key: string, input: unknown): boolean {
  return key.endsWith(':') && (input as Record<string, unknown>)[key] === null;
}

function unquotedText(key: string): Text {
  const detail = `${quote(`${key}:`)} without quotes is a map to YAML, since it ends in ":"`;
  return { summary: 'text without quotes', detail, hint: `Quote it: ${quote(`${key}:`)}.` };
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

/** Of the value of a field, in the words of YAML. */
const TYPE_NAMES: Record<string, string> = {
  object: 'a map of fields',
  record: 'a map',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
};

function wrongValue(issue: Issue): Text {
  const field = nameField(issue.path);
  const summary = 'invalid value';
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') {
    const wanted = oneOf(expectedTypes(issue).map((type) => TYPE_NAMES[type] ?? type));
    const hint = issue.code === 'invalid_type' ? typeHint(issue) : undefined;
    const detail = `${field} must be ${wanted}, not ${describe(issue.input)}`;
    return { summary: 'wrong type', detail, ...(hint !== undefined && { hint }) };
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const detail = `${field} must be ${oneOf(values)}, not ${describe(issue.input)}`;
    const meant = typeof issue.input === 'string' ? suggest(issue.input, values) : undefined;
    return {
      summary,
      detail,
      hint: meant === undefined ? choiceHint(issue.path, values) : `Did you mean ${quote(meant)}?`,
    };
  }
  const { params = {} } = issue as { params?: Partial<Problem> };
  return { summary, ...params, detail: `${field} ${issue.message}` };
}

function nameField(path: PropertyKey[]): string {
  const field = path.findLast((key) => typeof key === 'string');
  if (field === undefined) return 'the file';
  return typeof path.at(-1) === 'number' ? `an item of \`${field}\`` : `\`${field}\``;
}

function typeHint(issue: z.core.$ZodIssueInvalidType): string | undefined {
  const { input } = issue;
  if (issue.expected === 'string' && (typeof input === 'number' || typeof input === 'boolean')) {
    return `Quote it: "${input}".`;
  }
  if (issue.path.length === 2 && issue.path[0] === 'interfaces') return PROGRAM_HINT;
  return undefined;
}
