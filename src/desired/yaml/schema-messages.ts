// Turns problems found by the schema into messages with a place. zod says what it expected; these messages say what is wrong with the
// text and what to write instead.
import type * as z from 'zod';
import { isCollection, type Node } from 'yaml';
import type { Diagnostic } from '../../model/diagnostic.js';
import { didYouMean, valueMeant } from '../advice/meant.js';
import { adviseUnknownField } from '../advice/unknown-field.js';
import { adviseType, adviseValue } from '../advice/values.js';
import { choiceHint, interfaceHint, kindHint, missingHint, valueHint } from './hints.js';
import { schemaPlaces, type SchemaPlaces, type WrittenKind } from '../json-schema.js';
import { locate, type Target } from './locate.js';
import { isEmptyWithFieldsBeside, withoutConsequences } from './consequences.js';
import type { Source } from './source.js';
import { expectedTypes, unfold } from './union.js';
import { describe, oneOf, type Problem, quote } from '../../text/wording.js';

type Issue = z.core.$ZodIssue;
type Text = Pick<Diagnostic, 'summary' | 'detail' | 'hint'>;

export interface Explained {
  kind: WrittenKind;
  root: Node;
  source: Source;
}

/** Of so many times the limit it is asked which ones follow from another: each is compared with each. */
const LOOKED_AT = 4;

/** One diagnostic per problem, at most `limit`: finding the place of each takes a walk through its map. */
export function explain(issues: Issue[], file: Explained, limit: number): Diagnostic[] {
  if (issues.length === 0) return [];
  const all = issues.flatMap(unfold);
  const unknownIn = new Set(all.filter((one) => one.code === 'unrecognized_keys').map(pathText));
  const explainer = new Explainer(file);
  const each = all
    .filter((issue) => !(issue.code === 'custom' && unknownIn.has(pathText(issue))))
    .flatMap(oneKeyEach);
  return withoutConsequences(each.slice(0, limit * LOOKED_AT), explainer.schema)
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
  readonly schema: SchemaPlaces;

  constructor(private readonly file: Explained) {
    this.schema = schemaPlaces(file.kind);
  }

  explain(issue: Issue): Diagnostic[] {
    const { path } = issue;
    if (issue.code === 'unrecognized_keys') {
      const isOfMatch = this.file.kind === 'match' || path.includes('match') || path.includes('protect');
      return issue.keys.map((key) => {
        const hint = adviseUnknownField(key, path, this.schema, isOfMatch);
        const text = isUnquoted(key, issue.input)
          ? unquotedText(key)
          : unknownField(key, this.schema.fields(path), hint);
        return this.#show([...path, key], 'key', text);
      });
    }
    if (issue.code === 'invalid_key') {
      const detail = quote(String(path.at(-1)));
      return issue.issues.map((inner) =>
        this.#show(path, 'key', {
          summary: 'invalid interface name',
          detail: `${detail} ${inner.message}`,
          hint: interfaceHint(inner.message),
        }),
      );
    }
    const isMissing = issue.code !== 'custom' && !this.#locate(path, 'value').found;
    return [this.#show(path, 'value', isMissing ? this.#missingField(path) : this.#wrongValue(issue))];
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

  #wrongValue(issue: Issue): Text {
    const beside = isEmptyWithFieldsBeside(issue);
    if (beside) return emptyMap(String(issue.path.at(-1)), beside);
    const text = wrongValue(issue);
    if (text.hint !== undefined) return text;
    const hint = this.#advise(issue) ?? (issue.code === 'invalid_value' ? choiceOf(issue) : undefined);
    return hint === undefined ? text : { ...text, hint };
  }

  #advise(issue: Issue): string | undefined {
    const { path, input } = issue;
    const place = { fields: this.schema.fields(path.slice(0, -1)) };
    const words = issue.code === 'invalid_value' ? issue.values.map(String) : this.schema.words(path);
    const meant = typeof input === 'string' ? didYouMean(valueMeant(input, words)) : undefined;
    if (issue.code === 'invalid_value' && meant !== undefined) return meant;
    const list = typeof path.at(-1) === 'number' ? this.#writtenAt(path.slice(0, -1)) : undefined;
    return (
      (list === undefined ? undefined : adviseValue(path.slice(0, -1), list, place)) ??
      adviseValue(path, input, place) ??
      meant ??
      (issue.code === 'invalid_value' ? undefined : adviseType(path, input, expectedTypes(issue)))
    );
  }

  /** As plain data. */
  #writtenAt(path: PropertyKey[]): unknown {
    const { root } = this.file;
    const node: unknown = isCollection(root) ? root.getIn(path, false) : undefined;
    return isCollection(node) ? (node.toJSON() as unknown) : node;
  }

  #locate(path: PropertyKey[], target: Target): ReturnType<typeof locate> {
    return locate(this.file.root, path, target, this.file.source);
  }

  #show(path: PropertyKey[], target: Target, text: Text): Diagnostic {
    const { hint = valueHint(path, this.schema), ...rest } = text;
    const { place } = this.#locate(path, target);
    return { severity: 'error', ...rest, hint, ...place };
  }
}

function choiceOf({ path, values }: z.core.$ZodIssueInvalidValue): string {
  return choiceHint(path, values.map(String));
}

function emptyMap(field: string, beside: readonly string[]): Text {
  const names = beside.map((name) => `\`${name}\``);
  return {
    summary: 'wrong indentation',
    detail: `\`${field}\` is empty, and ${names.length === 1 ? 'a field' : 'fields'} of it ${names.length === 1 ? 'stands' : 'stand'} beside it: ${names.join(', ')}`,
    hint: `Indent ${names.length === 1 ? 'it' : 'them'} deeper than \`${field}:\`.`,
  };
}

/** `- fe80::` is a map with the key "fe80:" to YAML. */
function isUnquoted(key: string, input: unknown): boolean {
  return key.endsWith(':') && (input as Record<string, unknown>)[key] === null;
}

function unquotedText(key: string): Text {
  const detail = `${quote(`${key}:`)} without quotes is a map to YAML, since it ends in ":"`;
  return { summary: 'text without quotes', detail, hint: `Quote it: ${quote(`${key}:`)}.` };
}

function unknownField(key: string, known: string[], hint: string): Text {
  if (known.includes(key))
    return {
      summary: 'unknown field',
      detail: `${quote(key)} does not go with the other fields here`,
      hint: 'Write it alone, or leave it out.',
    };
  return {
    summary: 'unknown field',
    detail: `${quote(key)} is none of the fields here: ${known.join(', ')}`,
    hint,
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
    return { summary: 'wrong type', detail: `${field} must be ${wanted}, not ${describe(issue.input)}` };
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const detail = `${field} must be ${oneOf(values)}, not ${describe(issue.input)}`;
    return { summary, detail };
  }
  const { params = {} } = issue as { params?: Partial<Problem> };
  return { summary, ...params, detail: `${field} ${issue.message}` };
}

function nameField(path: PropertyKey[]): string {
  const field = path.findLast((key) => typeof key === 'string');
  if (field === undefined) return 'the file';
  return typeof path.at(-1) === 'number' ? `an item of \`${field}\`` : `\`${field}\``;
}
