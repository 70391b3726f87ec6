// Times and rates as people write them first: without a unit, with that of another tool, or as text.
import { exampleOf } from './examples.js';

/** Where a number alone is minutes to whoever writes it. */
const IN_MINUTES = new Set(['confirm']);

const UNITS: Readonly<Record<string, string>> = {
  ms: 'ms',
  msec: 'ms',
  msecs: 'ms',
  millisecond: 'ms',
  milliseconds: 'ms',
  s: 's',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  m: 'm',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  h: 'h',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
};

/** For a field that is a time. */
export function adviseDuration(field: string, input: unknown): string | undefined {
  const [, digits, unit = ''] = /^\s*(\d{1,9})\s*([a-z]*)\s*$/i.exec(String(input)) ?? [];
  if (digits === undefined) return exampleOf([field]) ?? `Write it like \`${field}: 30s\`.`;
  if (unit === '') {
    const short = IN_MINUTES.has(field) ? 'm' : 's';
    const word = short === 'm' ? 'minutes' : 'seconds';
    const other = short === 'm' ? `, or ${digits}s for seconds` : '';
    return `Add the unit: ${digits}${short} for ${digits} ${word}${other}.`;
  }
  const ours = UNITS[unit.toLowerCase()];
  return ours === undefined || ours === unit ? undefined : `Write ${digits}${ours}.`;
}

const RATES: Readonly<Record<string, string>> = {
  s: 'packetsPerSecond',
  m: 'packetsPerMinute',
  h: 'packetsPerHour',
};

/** For `rateLimit: 100`, and 10/s, 5/minute or `3 per hour` of other tools. */
export function adviseRate(input: unknown): string | undefined {
  const [, digits, unit = 's'] =
    /^\s*(\d{1,9})\s*(?:pps|(?:\/|per)\s*(s|m|h)[a-z]*|(?:\/|per)\s*)?\s*$/i.exec(String(input)) ?? [];
  const name = RATES[unit.toLowerCase()];
  return digits === undefined || name === undefined ? undefined : `${name}: ${digits}`;
}
