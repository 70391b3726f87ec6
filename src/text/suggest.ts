// "Did you mean": which known word a mistyped one was probably meant to be.

const LONGEST = 64; // the comparison is quadratic; nothing that people name is longer

/** The closest candidate that is at most a third of its letters away; `undefined` when none is. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  return closest(word, candidates)[0];
}

/** The same, with all that are equally close, in the order of the candidates. */
export function closest(word: string, candidates: Iterable<string>): string[] {
  let best: string[] = [];
  let least = Infinity;
  for (const candidate of candidates) {
    const longest = Math.max(word.length, candidate.length);
    if (longest > LONGEST) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance > Math.max(1, Math.floor(longest / 3)) || distance > least) continue;
    if (distance < least) best = [];
    least = distance;
    best.push(candidate);
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      }
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, to.length);
}

function at(row: number[], column: number): number {
  return row[column] ?? Infinity;
}
