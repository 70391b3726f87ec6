// Numbers of interleaved rounds: a slow second hits all subjects alike, and whatever else runs only adds.

/** The same sequence in every run. */
export function random(seed) {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** What each of `subjects` (functions that return a number) returned, by name; every round asks all of them. */
export function interleave(rounds, subjects) {
  const names = Object.keys(subjects);
  const values = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) values[name].push(subjects[name]());
  }
  return values;
}

/** The result of `measure` by name. */
export function summarize(values, measure) {
  return Object.fromEntries(Object.entries(values).map(([name, all]) => [name, measure(all)]));
}
