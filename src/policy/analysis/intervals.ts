// Sets of whole numbers as sorted, disjoint, inclusive intervals.

export type Interval = readonly [from: number, to: number];
export type IntervalSet = readonly Interval[];

/** Any intervals, in any order, overlapping or not. */
export function union(intervals: IntervalSet): IntervalSet {
  const result: [number, number][] = [];
  for (const [from, to] of intervals.toSorted((x, y) => x[0] - y[0])) {
    const last = result.at(-1);
    if (last && from <= last[1] + 1) {
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
    const from = Math.max(a[0], b[0]);
    const to = Math.min(a[1], b[1]);
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
      if (hole[0] > at) result.push([at, hole[0] - 1]);
      at = hole[1] + 1;
    }
    if (at <= to) result.push([at, to]);
  }
  return result;
}
