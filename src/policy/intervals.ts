// Sets of whole numbers as sorted, disjoint, inclusive intervals. IPv6 addresses are bigints, all else numbers; one
// set never mixes them.

export type Value = number | bigint;
export type Interval = readonly [from: Value, to: Value];
export type IntervalSet = readonly Interval[];

function after(value: Value): Value {
  return typeof value === 'bigint' ? value + 1n : value + 1;
}

function before(value: Value): Value {
  return typeof value === 'bigint' ? value - 1n : value - 1;
}

function compare(x: Value, y: Value): number {
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Any intervals, in any order, overlapping or not. */
export function union(intervals: IntervalSet): IntervalSet {
  const result: [Value, Value][] = [];
  for (const [from, to] of intervals.toSorted((x, y) => compare(x[0], y[0]))) {
    const last = result.at(-1);
    if (last && from <= after(last[1])) {
      if (to > last[1]) last[1] = to;
    } else result.push([from, to]);
  }
  return result;
}

export function intersectSets(x: IntervalSet, y: IntervalSet): IntervalSet {
  const result: Interval[] = [];
  for (let i = 0, j = 0; ;) {
    const a = x[i];
    const b = y[j];
    if (!a || !b) return result;
    const from = a[0] > b[0] ? a[0] : b[0];
    const to = a[1] < b[1] ? a[1] : b[1];
    if (from <= to) result.push([from, to]);
    if (a[1] < b[1]) i++;
    else j++;
  }
}

export function subtractSets(x: IntervalSet, y: IntervalSet): IntervalSet {
  const result: Interval[] = [];
  let j = 0;
  for (const [from, to] of x) {
    let at = from;
    while (j > 0 && (y[j - 1]?.[1] ?? at) >= at) j--; // the last of y may reach into this one as well
    for (; at <= to; j++) {
      const hole = y[j];
      if (!hole || hole[0] > to) break;
      if (hole[1] < at) continue;
      if (hole[0] > at) result.push([at, before(hole[0])]);
      at = after(hole[1]);
    }
    if (at <= to) result.push([at, to]);
  }
  return result;
}
