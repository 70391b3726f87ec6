// How often tests of random cases are repeated. `npm run test:unit` has twenty seconds for all of them and asks for a part;
// `npm test` repeats them all.

/** Of so many repetitions, those that this run has time for; at least one. */
export function rounds(all: number): number {
  return Math.max(1, Math.ceil(all * Number(process.env['XDPKEEP_TEST_BUDGET'] ?? 1)));
}

/**
 * Of the places 0 to `count - 1`, in their order, those that this run has time for: spread evenly, and others in each run. The last one
 * is always among them.
 */
export function places(count: number): number[] {
  const stride = Math.max(1, Math.floor(count / rounds(count)));
  const first = Math.floor(Math.random() * stride);
  const all = Array.from({ length: count }, (_, at) => at);
  return all.filter((at) => at % stride === first || at === count - 1);
}
