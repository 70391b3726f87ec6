// How long ago something was, as people say it.

/** `5 min`, `3 h`, `4 days`; nothing finer. `time`: ISO 8601. */
export function ageSince(time: string): string {
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time)) / 60_000));
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
