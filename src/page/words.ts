// Numbers and times for people.

export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Packets or bytes a second: `0`, `3.2`, `1,204`. */
export function rate(value: number): string {
  return value > 0 && value < 10 ? value.toFixed(1) : grouped(value);
}

/** How long ago, of an ISO 8601 time: `12 s`, `5 min`, `3 h`, `2 d`. */
export function age(time: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
