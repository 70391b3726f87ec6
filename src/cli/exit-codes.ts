// What the exit codes mean, for the help and the manual.

/** In the order of the help. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'in sync, or brought into sync'],
  [2, 'changes are pending or were made, only with --detailed-exitcode'],
  [10, 'applied, found wrong and rolled back'],
  [11, 'the rollback failed too'],
  [12, 'some interfaces failed, the others converged'],
  [13, 'suspended, or on hold after a rollback'],
  [14, 'refused: a foreign program, a lock-out, a failing packet test'],
  [15, 'prune guard'],
  [16, 'stale plan'],
  [17, 'another change waits for its confirmation'],
  [64, 'usage'],
  [65, 'invalid state files'],
  [66, 'no Host file for this machine'],
  [69, 'source unreachable, or nobody to watch a deadline'],
  [74, 'journal'],
  [75, 'lock held'],
  [77, 'permission or signature'],
  [78, 'the environment lacks something'],
  [1, 'a bug'],
];

export function exitCodeHelp(): string {
  return [
    'Exit codes:',
    ...EXIT_CODES.map(([code, meaning]) => `  ${String(code).padEnd(3)} ${meaning}`),
  ].join('\n');
}
