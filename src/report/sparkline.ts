// A row of numbers as a row of bars, one character each, the highest one as high as a line.

const BARS = { unicode: ' ▁▂▃▄▅▆▇█', ascii: ' .:-=+*#@' };

/** The last `width` values, at the right; what is more than nothing is never shown as nothing. */
export function sparkline(values: readonly number[], width: number, unicode: boolean): string {
  const bars = unicode ? BARS.unicode : BARS.ascii;
  const shown = width > 0 ? values.slice(-width) : [];
  const highest = Math.max(0, ...shown);
  const steps = bars.length - 1;
  const line = shown.map((value) => {
    if (!(value > 0) || !(highest > 0)) return bars[0];
    return bars[Math.min(steps, Math.max(1, Math.round((value / highest) * steps)))];
  });
  return line.join('').padStart(width);
}
