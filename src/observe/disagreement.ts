// The error for answers that contradict each other. An observation takes several calls, and the kernel may change in
// between.
import { EnvironmentError } from '../model/errors.js';

/** Two answers contradict each other: something changed between them, so look again. Never leaves observe/. */
export class Disagreement extends Error {}

/** What leaves observe/ in its place, when looking again and again did not help. */
export function restless(cause: Disagreement): EnvironmentError {
  return new EnvironmentError(
    `the BPF state of the kernel kept changing while it was read: ${cause.message}`,
    {
      cause,
      hint: 'Another tool is loading or attaching programs: run again when it is done.',
    },
  );
}
