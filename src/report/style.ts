// Colour and safe text for terminals. Colour is asked for by the caller; names from outside never reach a terminal raw.
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/** Node would look at stdout for itself; the caller has decided, and may be writing to stderr. */
export function painter(color: boolean): Paint {
  return color ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

/**
 * Control characters made visible, so that no name can move the cursor or hide a line; invisible and
 * direction-changing ones as well, so that none reads as another.
 */
export function printable(text: string): string {
  return text.replace(/(?![\t\n])[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** `1,000,000`, of a whole number. Not by toLocaleString: its first call loads the tables of ICU, 11 ms. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Rows of cells as left-aligned columns, two spaces apart; the last column is not padded. */
export function columns(
  rows: readonly (readonly string[])[],
  paint?: (cell: string, column: number) => string,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  }
  return rows.map((row) =>
    row
      .map((cell, at) => {
        const padding = at === row.length - 1 ? '' : ' '.repeat((widths[at] ?? 0) - cell.length);
        return (paint ? paint(cell, at) : cell) + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** The one JSON document of a command, or one line of a stream. */
export function json(document: unknown, indent = 2): string {
  return `${JSON.stringify(document, null, indent)}\n`;
}
