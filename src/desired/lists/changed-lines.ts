// What was changed between two texts of lines, as lines that went and lines that came. Any way to tell it is right; a short
// one is looked for, since what is in it is parsed. Both texts are bytes: a line is what ends with a line break.

/** Whole lines of the old text, and what stands in their place in the new one. */
export interface Hunk {
  went: Uint8Array;
  came: Uint8Array;
}

/** Bytes that are compared at once. */
const STRIDE = 1 << 14;
/** Lines that are looked at, in either text, for the place from which on they are the same again; then ever more. */
const WINDOW = 4;
const WIDEST = 1 << 14;
const BREAK = 0x0a;

export function* changedLines(old: Buffer, now: Buffer): Generator<Hunk> {
  let [at, to] = [0, 0]; // a line begins there in the old text, and in the new one
  while (at < old.length || to < now.length) {
    const same = sameLines(old, at, now, to);
    [at, to] = [at + same, to + same];
    if (at === old.length && to === now.length) return;
    const { end, until } = meetAgain(old, at, now, to);
    yield { went: old.subarray(at, end), came: now.subarray(to, until) };
    [at, to] = [end, until];
  }
}

/** Bytes of the lines that are the same from here on. */
function sameLines(old: Buffer, at: number, now: Buffer, to: number): number {
  const most = Math.min(old.length - at, now.length - to);
  let same = 0;
  for (let stride = STRIDE; stride > 0 && same < most;) {
    const length = Math.min(stride, most - same);
    const [from, start] = [at + same, to + same];
    if (old.compare(now, start, start + length, from, from + length) === 0) same += length;
    else stride = length >>> 1;
  }
  if (same === 0 || (same === most && old.length - at === now.length - to)) return same;
  return Math.max(0, old.lastIndexOf(BREAK, at + same - 1) + 1 - at);
}

/** The nearest lines that are the same, or where the search was given up: places in the old text and in the new one. */
function meetAgain(old: Buffer, at: number, now: Buffer, to: number): { end: number; until: number } {
  for (let window = WINDOW; ; window *= 4) {
    const before = lineStarts(old, at, window);
    const after = lineStarts(now, to, window);
    const found = nearest(linesBetween(old, before), linesBetween(now, after));
    const [end = old.length, until = now.length] = found
      ? [before[found[0]], after[found[1]]]
      : [before.at(-1), after.at(-1)];
    const isAll = end === old.length && until === now.length;
    if (found || isAll || window >= WIDEST) return { end, until };
  }
}

/** Where the next lines begin, and where the last of them ends. */
function lineStarts(text: Buffer, from: number, count: number): number[] {
  const starts = [from];
  for (let at = from; at < text.length && starts.length <= count;) {
    const end = text.indexOf(BREAK, at);
    at = end === -1 ? text.length : end + 1;
    starts.push(at);
  }
  return starts;
}

function linesBetween(text: Buffer, starts: number[]): string[] {
  return starts.slice(1).map((end, index) => text.toString('latin1', starts[index], end));
}

/** Of the pairs of equal lines the one with the fewest lines before it. */
function nearest(before: string[], after: string[]): [number, number] | undefined {
  const places = new Map<string, number>();
  for (const [index, line] of after.entries()) if (!places.has(line)) places.set(line, index);
  let best: [number, number] | undefined;
  let least = Infinity;
  for (const [index, line] of before.entries()) {
    const place = places.get(line);
    if (place === undefined || index + place >= least) continue;
    least = index + place;
    best = [index, place];
  }
  return best;
}
