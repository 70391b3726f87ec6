// Text in columns of a terminal: how wide it is there, cut and padded to that.

/** Characters that take two columns: East Asian wide ones and most emoji (Unicode Standard Annex 11, in broad strokes). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{M}/u;

function columnsOf(char: string): number {
  if (COMBINING.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** Exactly so many columns: padded at the right, or cut with a sign that it was. `ascii`: other characters become `?`. */
export function fit(text: string, width: number, ascii = false): string {
  const chars = Array.from(ascii ? text.replace(/[^\x20-\x7e]/gu, '?') : text);
  const whole = chars.reduce((sum, char) => sum + columnsOf(char), 0);
  if (whole <= width) return chars.join('') + ' '.repeat(width - whole);
  if (width <= 0) return '';
  let [kept, used] = ['', 0];
  for (const char of chars) {
    if (used + columnsOf(char) > width - 1) break;
    kept += char;
    used += columnsOf(char);
  }
  return `${kept}${ascii ? '>' : '…'}${' '.repeat(width - 1 - used)}`;
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
