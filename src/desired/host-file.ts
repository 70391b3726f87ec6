// One Host file: text -> what it says, with the places of what can still turn out wrong (its programs).
import { isMap, type Node } from 'yaml';
import type * as z from 'zod';
import type { DesiredInterface } from '../model/desired.js';
import type { Diagnostic } from '../model/diagnostic.js';
import { explain } from './explain.js';
import { locate } from './locate.js';
import { readStateFile } from './read.js';
import { hostSchema, interfaceSchema, type ProgramReference } from './schema.js';
import type { Place, Source } from './source.js';
import { MOST_PROBLEMS } from './syntax.js';
import { type Field, fieldsOf, type ParsedYaml, parseYaml } from './yaml.js';

export interface HostInterface extends Pick<DesiredInterface, 'pattern' | 'mode' | 'foreign' | 'at'> {
  program: ProgramReference;
  /** Where a field of `program` stands; the program itself where it has no such field. */
  placeOf: (field: 'builtin' | 'file' | 'function') => Place;
}

/** Path of the file of a host, relative to the state directory. */
function hostFilePath(host: string): string {
  return `hosts/${host}.yaml`;
}

/**
 * The interfaces of a host in file order. After new `problems` they are only those whose program can be looked at,
 * so that what is wrong with the programs is said in the same run.
 */
export function readHostFile(stateDir: string, host: string, problems: Diagnostic[]): HostInterface[] {
  const found: Diagnostic[] = [];
  const source = readStateFile(stateDir, hostFilePath(host), found);
  const parsed = source && parseYaml(source, found);
  if (parsed) checkDocument(parsed, source, host, found);
  problems.push(...found.slice(0, MOST_PROBLEMS));
  if (found.length > MOST_PROBLEMS) problems.push(moreProblems(host, found.length - MOST_PROBLEMS));
  return parsed ? readInterfaces(parsed, source) : [];
}

function checkDocument(
  { root, value }: ParsedYaml,
  source: Source,
  host: string,
  problems: Diagnostic[],
): void {
  const issues = hostSchema.safeParse(value, { reportInput: true }).error?.issues ?? [];
  const all = [...issues, ...behindInvalidKeys(issues, value)];
  const places = new Set(problems.map(placeText));
  // What an alias would have been is not what the schema expects: the alias is problem enough.
  problems.push(
    ...explain(all, root, source, MOST_PROBLEMS + 1).filter((problem) => !places.has(placeText(problem))),
  );
  const name = (value as { name?: unknown } | null)?.name;
  if (typeof name === 'string' && name !== host && !issues.some((issue) => issue.path[0] === 'name')) {
    problems.push(otherName(name, host, root, source));
  }
}

/** The value behind a refused key is not looked at by zod; what is wrong with it is said in the same run. */
function behindInvalidKeys(issues: z.core.$ZodIssue[], value: unknown): z.core.$ZodIssue[] {
  const keys = issues.filter((issue) => issue.code === 'invalid_key').map((issue) => issue.path);
  return keys.flatMap((path) => {
    const behind = path.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown>)[key], value);
    const result = interfaceSchema.safeParse(behind, { reportInput: true });
    return result.error?.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] })) ?? [];
  });
}

function otherName(name: string, host: string, root: Node, source: Source): Diagnostic {
  return {
    severity: 'error',
    summary: 'name is not that of the file',
    detail: `${hostFilePath(host)} says that it is ${JSON.stringify(name)}`,
    hint: `Write \`name: ${host}\`, or rename the file.`,
    ...locate(root, ['name'], 'value', source).place,
  };
}

function readInterfaces({ root, value }: ParsedYaml, source: Source): HostInterface[] {
  const wanted = (value as { interfaces?: Record<string, { program?: unknown } | null> } | null)?.interfaces;
  return fieldsAt(root, 'interfaces').flatMap(({ key, value: node }): HostInterface[] => {
    const one = wanted?.[key.value];
    const whole = interfaceSchema.safeParse(one);
    const read = whole.success ? whole : interfaceSchema.safeParse({ program: one?.program });
    if (!read.success || !node) return [];
    return [
      {
        ...read.data,
        pattern: key.value,
        at: source.placeAt(key.range?.[0] ?? 0).at,
        placeOf: (field) => locate(node, ['program', field], 'value', source).place,
      },
    ];
  });
}

function fieldsAt(root: Node, name: string): Field[] {
  const map = isMap(root) ? root.get(name, true) : undefined;
  return isMap(map) ? fieldsOf(map) : [];
}

function placeText({ at }: Diagnostic): string {
  return `${at.line}:${at.column}`;
}

function moreProblems(host: string, count: number): Diagnostic {
  return {
    severity: 'error',
    summary: 'more problems',
    detail: `${hostFilePath(host)} has at least ${count} more`,
    at: { file: hostFilePath(host), line: 1, column: 1 },
  };
}
