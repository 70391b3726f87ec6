// How often tests of random cases are repeated. `npm run test:unit` has twenty seconds for all of them and asks for a part;
// `npm test` repeats them all.

/** Of so many repetitions, those that this run has time for; at least one. */
export function rounds(all: number): number {
  return Math.max(1, Math.ceil(all * Number(process.env['XDPKEEP_TEST_BUDGET'] ?? 1)));
}
