// Colour and safe text for terminals. Colour is asked for by the caller; names from outside never reach a terminal raw.
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

export function painter(color: boolean): Paint {
  return color ? (style, text) => styleText(style, text) : (_style, text) => text;
}

/** Control characters made visible, so that no name can move the cursor or hide a line. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is meant
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
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
