// Spans of time as people write them: `500ms`, `90s`, `2m`, `2h`, `1d`, `1h30m`. No fractions.

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A regular expression for schemas. */
export const DURATION_PATTERN = '^([1-9][0-9]{0,8}(ms|s|m|h|d))+$';

/** Milliseconds; `undefined` for what is no duration, zero included. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)(\D+)/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
}

/** `1 h 5 m`, `1 m 40 s`, `0.3 s`: two units at most, rounded. */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}
