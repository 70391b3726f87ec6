// What a command line says in YAML's flow style, with the fields of a place in the state files.
import type * as z from 'zod';
import { UsageError } from '../../model/errors.js';
import type { Diagnostic } from '../../model/diagnostic.js';
import { explain } from './schema-messages.js';
import type { WrittenKind } from '../json-schema.js';
import { Source } from './source.js';
import { MOST_PROBLEMS } from './syntax.js';
import { parseYaml } from './yaml.js';

/** The outer braces may be left out. Throws a UsageError that says all that is wrong; `hint` where the problems have none. */
export function parseFlow<T>(text: string, kind: WrittenKind, schema: z.ZodType<T>, hint: string): T {
  const trimmed = text.trim();
  const source = new Source(kind, trimmed.startsWith('{') ? trimmed : `{${trimmed}}`);
  const problems: Diagnostic[] = [];
  const parsed = parseYaml(source, problems);
  if (parsed) {
    const { success, data, error } = schema.safeParse(parsed.value, { reportInput: true });
    if (success && problems.length === 0) return data;
    problems.push(...explain(error?.issues ?? [], { kind, root: parsed.root, source }, MOST_PROBLEMS));
  }
  const hints = problems.flatMap((problem) => problem.hint ?? []);
  throw new UsageError(`not a ${kind}: ${problems.map(({ detail }) => detail).join('; ')}`, {
    hint: hints[0] ?? hint,
  });
}
