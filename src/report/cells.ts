// Text in columns of a terminal, cut and padded. How wide a character is there, string-width says; text is cut between graphemes,
// so that no letter loses its accent and no emoji falls apart.
import stringWidth from 'string-width';

const GRAPHEMES = new Intl.Segmenter();
const PLAIN = /^[\x20-\x7e]*$/;

/** Exactly so many columns: padded at the right, or cut with a sign that it was. `ascii`: other characters become `?`. */
export function fit(text: string, width: number, ascii = false): string {
  const shown = ascii ? text.replace(/[^\x20-\x7e]/gu, '?') : text;
  const whole = columnsOf(shown);
  if (whole <= width) return shown + ' '.repeat(width - whole);
  if (width <= 0) return '';
  let [kept, used] = ['', 0];
  for (const { segment } of GRAPHEMES.segment(shown)) {
    const columns = columnsOf(segment);
    if (used + columns > width - 1) break;
    kept += segment;
    used += columns;
  }
  return `${kept}${ascii ? '>' : '…'}${' '.repeat(width - 1 - used)}`;
}

function columnsOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** At the right of so many columns. */
export function fitRight(text: string, width: number): string {
  return text.length > width ? text.slice(0, Math.max(0, width)) : text.padStart(width);
}

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'];

/** Three digits that count: `0`, `7.5`, `980`, `12.3k`, `1.23M`. */
export function scaled(number: number): string {
  if (!(number > 0)) return '0';
  let [value, unit] = [number, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  if (unit === 0 && (value >= 99.5 || Number.isInteger(value))) return String(Math.round(value));
  const digits = value >= 99.5 ? 0 : value >= 9.995 ? 1 : 2;
  return value.toFixed(unit === 0 ? Math.min(1, digits) : digits) + (UNITS[unit] ?? '');
}
