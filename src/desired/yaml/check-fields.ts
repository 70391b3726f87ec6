// Checks that need several fields of a map. They run when other fields are wrong too, so that all problems are reported in one run, but
// never on fields that were refused already.
import type * as z from 'zod';
import { toIssue } from '../policy/values.js';
import type { Problem } from '../../text/wording.js';

export interface FieldProblem<T> extends Problem {
  /** Those that it takes to say so; the first is shown. */
  fields: (keyof T & string)[];
  /** The map itself is shown, */
  ofMap?: true;
  /** or this place in it. */
  path?: PropertyKey[];
}

type Refinement<T> = (value: T, context: z.core.$RefinementCtx<T>) => void;

/** Arguments of `superRefine`. `find` sees the fields that are right alone. */
export function checkFields<T extends object>(
  find: (value: Partial<T>) => Iterable<FieldProblem<T>>,
): [Refinement<T>, z.core.$ZodSuperRefineParams] {
  const refine: Refinement<T> = (value, context) => {
    const wrong = new Set(context.issues.map((issue) => issue.path?.[0]));
    const right = Object.fromEntries(Object.entries(value).filter(([field]) => !wrong.has(field)));
    for (const { fields, ofMap, path, ...problem } of find(right as Partial<T>)) {
      if (fields.some((field) => wrong.has(field))) continue;
      context.issues.push({ ...toIssue(problem, value), path: path ?? fields.slice(0, ofMap ? 0 : 1) });
    }
  };
  const isMap = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  return [refine, { when: ({ value }) => isMap(value) }];
}
