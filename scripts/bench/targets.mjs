// What the project promises, held against what was measured. Ratios and differences inside one run.

/** The row of `cost` for a policy. */
export function policyCost(cost, shape, rules, packet) {
  return cost.find((row) => row.name === shape && row.rules === rules && row.packet === packet);
}

function atMost(name, value, limit, unit, digits = 0) {
  return {
    name,
    value: `${value.toFixed(digits)}${unit}`,
    limit: `at most ${limit}${unit}`,
    holds: value <= limit,
  };
}

/** Those of connections, of which conntrack may be missing. */
export function connectionTargets({ rows }) {
  const over = (subject) => rows.find((row) => row.subject === subject)?.min;
  const targets = [
    atMost('a known flow over the floor', over('known'), 60, ' ns'),
    atMost('a packet that leaves, over the floor', over('leaving'), 100, ' ns'),
  ];
  if (over('conntrack') === undefined) return targets;
  const ratio = over('table') / over('conntrack');
  return [...targets, atMost('100,000 flows in turn, lookup to that of conntrack', ratio, 1, ' times', 2)];
}

/** Rows `{ name, value, limit, holds }`; value and limit as text. */
export function judge({ cost, connections, sampling, top, throughput, compile, changes, startup }) {
  const over = (shape, rules, packet) => policyCost(cost, shape, rules, packet).min;
  const five = 'mixed five-field';
  const growth = (packet) => over(five, 1000, packet) / over(five, 1, packet);
  const live = throughput
    .filter(({ name }) => name.startsWith('policy'))
    .map(({ name, ratio }) => ({
      name: `live frames, ${name}, to the bare drop`,
      value: ratio.toFixed(2),
      limit: 'at least 0.95',
      holds: ratio >= 0.95,
    }));
  const sampled = sampling
    .filter(({ isPromised }) => isPromised)
    .map(({ name, ratio }) => ({
      name: `live frames, ${name}, to one rule alone`,
      value: ratio.toFixed(2),
      limit: 'at least 0.95',
      holds: ratio >= 0.95,
    }));
  const [version, noop] = startup;
  return [
    atMost('one rule over the floor', over('single-field', 1, 'hit'), 10, ' ns'),
    atMost('1,000 mixed rules over the floor', over(five, 1000, 'hit'), 60, ' ns'),
    atMost('1,000 mixed rules over the floor, random addresses', over(five, 1000, 'random'), 60, ' ns'),
    atMost('1,000 mixed rules to one with the same fields', growth('hit'), 3, ' times', 2),
    atMost('the same, random addresses', growth('random'), 3, ' times', 2),
    ...connectionTargets(connections),
    ...live,
    ...sampled,
    atMost('top in a terminal, 1,000 rules, of a core', top, 2, ' %', 1),
    atMost('compile 1,000 mixed rules, first time in a process', compile.first, 300, ' ms'),
    ...changes.map(({ rules, swap }) =>
      atMost(`one rule of ${rules.toLocaleString('en')} changed: until the kernel runs it`, swap, 500, ' ms'),
    ),
    atMost(`${version.name} to ${version.base}`, version.ratio, 1.6, ' times', 2),
    atMost(`${noop.name}, to ${noop.base}`, noop.ratio, 3, ' times', 2),
  ];
}
