// Text -> YAML nodes and plain values. YAML 1.2, core schema, text keys. Syntax errors and warnings alike are errors,
// a key may stand once. What the subset of YAML is, is decided in syntax.ts.
import {
  type CST,
  type Document,
  Composer,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Diagnostic } from '../../model/diagnostic.js';
import { yamlHint } from './hints.js';
import { findWrongIndentation, mayBeIndentation } from './indentation.js';
import type { Source } from './source.js';
import { MOST_PROBLEMS, scanTokens } from './syntax.js';

export interface ParsedYaml {
  root: Node;
  /** Maps as objects, the first of duplicate keys; `null` where the file has nothing. */
  value: unknown;
}

/** `undefined` when the file cannot be understood any further. Otherwise there may still be new `problems`. */
export function parseYaml(source: Source, problems: Diagnostic[]): ParsedYaml | undefined {
  const tokens = scanTokens(source, problems);
  if (!tokens) return undefined;
  const document = compose(tokens, source.text.length);
  const errors = [...document.errors, ...document.warnings].slice(0, MOST_PROBLEMS);
  const toldLines = new Set(problems.map((problem) => problem.at.line));
  for (const error of errors) {
    const indentation = mayBeIndentation(error) ? findWrongIndentation(source, error) : undefined;
    const problem = indentation ?? describe(error, source);
    // Further errors in the same line are mostly consequences: an alias as a key causes many.
    if (!toldLines.has(problem.at.line)) problems.push(problem);
    toldLines.add(problem.at.line);
    // Where lines belong to is unknown from here on.
    if (indentation) break;
  }
  if (errors.length > 0) return undefined;
  const root = document.contents;
  if (!root || (isScalar(root) && root.value === null)) {
    problems.push(emptyFile(source));
    return undefined;
  }
  return { root, value: toPlain(root, source, problems) };
}

/** A hostile file holds a million errors, and the stack traces of so many cost ten times all the rest. */
function compose(tokens: CST.Token[], length: number): Document.Parsed {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const options = {
      schema: 'core',
      version: '1.2',
      strict: true,
      stringKeys: true,
      uniqueKeys: false,
    } as const;
    const [document] = new Composer(options).compose(tokens, true, length);
    if (document) return document;
    throw new Error('yaml composed no document'); // forceDoc: there always is one
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function describe(error: YAMLError, source: Source): Diagnostic {
  return {
    severity: 'error',
    summary: 'not valid YAML',
    detail: error.message,
    hint: yamlHint(error.code),
    ...source.placeAt(...error.pos),
  };
}

function emptyFile(source: Source): Diagnostic {
  return {
    severity: 'error',
    summary: 'empty file',
    detail: `${source.file} says nothing, which is not taken for wanting nothing`,
    hint: 'Write apiVersion, kind and name at least, or remove the file.',
    ...source.placeAt(0),
  };
}

/** Key and value of one field. Keys are text: see `stringKeys`. */
export type Field = Pair<Scalar<string>, Node | null>;

export function fieldsOf(map: YAMLMap): Field[] {
  return map.items as Field[];
}

function toPlain(node: Node | null, source: Source, problems: Diagnostic[]): unknown {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item) => toPlain(item as Node, source, problems));
  if (!isMap(node)) return null; // an alias: refused already
  const plain = new Map<string, unknown>();
  const first = new Map<string, Scalar>();
  for (const { key, value } of fieldsOf(node)) {
    const earlier = first.get(key.value);
    if (key.value === '__proto__') problems.push(reservedKey(key, source));
    else if (earlier) problems.push(duplicateKey(key, earlier, source));
    else {
      first.set(key.value, key);
      plain.set(key.value, toPlain(value, source, problems));
    }
  }
  return Object.fromEntries(plain);
}

/** zod silently ignores it in a record. */
function reservedKey(key: Scalar<string>, source: Source): Diagnostic {
  return {
    severity: 'error',
    summary: 'reserved key',
    detail: '"__proto__" cannot be used as a key',
    hint: 'Use another name, or a glob like "__prot?__".',
    ...source.placeAt(key.range?.[0] ?? 0, key.range?.[1]),
  };
}

function duplicateKey(key: Scalar<string>, earlier: Scalar, source: Source): Diagnostic {
  const { line } = source.placeAt(earlier.range?.[0] ?? 0).at;
  return {
    severity: 'error',
    summary: 'duplicate key',
    detail: `${JSON.stringify(key.value)} stands here a second time; the first is on line ${line}`,
    hint: 'Keep one of the two.',
    ...source.placeAt(key.range?.[0] ?? 0, key.range?.[1]),
  };
}
