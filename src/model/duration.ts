// Durations as people write them: `90s`, `10m`, `2h`, `1d`, `1h30m`.

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds; `undefined` for what is no duration, zero included. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,9}[smhd])+$/.test(text)) return undefined;
  const parts = text.match(/\d+[smhd]/g) ?? [];
  const total = parts.reduce(
    (sum, part) => sum + Number(part.slice(0, -1)) * (SECONDS[part.slice(-1)] ?? 0),
    0,
  );
  return total > 0 ? total : undefined;
}
