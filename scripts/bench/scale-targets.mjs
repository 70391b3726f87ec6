// What the project promises of long lists and many interfaces, held against what was measured; only what was measured.

/** Rows `{ name, value, limit, holds }`; value and limit as text. */
export function judgeScale({ lists, interfaces }) {
  const own = (list) => lists.find((row) => row.list === list && row.name === 'xdpkeep');
  const one = (number) => interfaces.find((row) => row.policies === 'one' && row.number === number);
  const targets = [];
  const atMost = (name, value, limit, unit, digits = 0) => {
    if (value === undefined) return;
    const text = (number) => `${number.toFixed(digits)} ${unit}`;
    targets.push({ name, value: text(value), limit: `at most ${text(limit)}`, holds: value <= limit });
  };
  const worst = (row) => row && Math.max(row.hit, row.miss);
  const million = own('1M');
  atMost('1M addresses: from the text file to deciding', million && million.fill / 1000, 2.5, 's', 2);
  atMost('1M addresses: peak memory of the process', million && million.peak / 2 ** 20, 400, 'MB');
  atMost('1M addresses: lookup over the empty list', worst(million), 70, 'ns');
  atMost('1M IPv4 prefixes /8-/32: lookup', worst(own('1M prefixes')), 100, 'ns');
  atMost('1M IPv6 prefixes /32-/64: lookup', worst(own('1M IPv6')), 200, 'ns');
  const ended = million && million.changeEnded / million.noop;
  atMost('1M addresses: 1,000 changed, to the end, to a no-op', ended, 2.5, 'times', 2);
  atMost('1M addresses: no-op to one without', million && million.noop / million.noopBase, 1.5, 'times', 2);
  const [many, half] = [one(200), one(100)];
  atMost('200 interfaces, one policy: first reconcile', many && many.first / 1000, 5, 's', 2);
  atMost('200 interfaces, one policy: no-op', many?.noop, 700, 'ms');
  atMost('200 interfaces to 100: first reconcile', many && half && many.first / half.first, 2.2, 'times', 2);
  return targets;
}
