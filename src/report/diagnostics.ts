// Problems of state files as people read them: what, where, the line itself with the place underlined, why, what to do.
// Text of the files is shown so that it can neither steer the terminal nor move the underline.
import type { Diagnostic } from '../model/diagnostic.js';
import { type Paint, painter, printable } from './style.js';

/** Characters of a source line that are shown; of a longer one, those around the place. */
const WIDEST = 100;
const BEFORE_PLACE = 40;

/** Ends with a line break; '' for no diagnostics. One empty line between two. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: { color: boolean }): string {
  const paint = painter(options.color);
  return diagnostics.map((one) => `${render(one, paint).join('\n')}\n`).join('\n');
}

function render(diagnostic: Diagnostic, paint: Paint): string[] {
  const { severity, summary, detail, hint, log, at } = diagnostic;
  const style = severity === 'error' ? 'red' : 'yellow';
  const lines = [
    `${paint(style, `${severity}:`)} ${paint('bold', oneLine(summary))}`,
    ` --> ${oneLine(at.file)}:${at.line}:${at.column}`,
    ...frame(diagnostic, (underline) => paint(style, underline)),
    `  ${oneLine(detail)}`,
  ];
  if (log !== undefined)
    lines.push(
      ...log
        .trimEnd()
        .split('\n')
        .map((line) => `    ${printable(line)}`),
    );
  if (hint !== undefined) lines.push(`${paint('cyan', 'help:')} ${oneLine(hint)}`);
  return lines;
}

/** A line break in a name must not begin a line that reads as ours. */
function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n');
}

interface Cell {
  text: string;
  /** Is it under the offending text? */
  marked: boolean;
}

function frame({ at, endColumn, excerpt }: Diagnostic, paint: (text: string) => string): string[] {
  if (excerpt === undefined) return [];
  const cells = toCells(excerpt, at.column, endColumn ?? at.column + 1);
  const place = cells.findIndex((cell) => cell.marked);
  const start = cells.length > WIDEST ? Math.max(0, place - BEFORE_PLACE) : 0;
  const shown = cells.slice(start, start + WIDEST);
  const cutLeft = start > 0 ? '...' : '';
  const cutRight = start + WIDEST < cells.length ? '...' : '';
  const source = shown.map(({ text }) => text).join('');
  const underline = shown.map(({ text, marked }) => (marked ? '^' : ' ').repeat(widthOf(text))).join('');
  const gutter = String(at.line);
  const margin = ' '.repeat(gutter.length);
  return [
    `${margin} |`,
    `${gutter} | ${cutLeft}${source}${cutRight}`.trimEnd(),
    `${margin} | ${' '.repeat(cutLeft.length)}${paint(underline.trimEnd())}`,
  ];
}

/** One cell per character, and one past the end for a place that is there. Columns count UTF-16 code units. */
function toCells(excerpt: string, column: number, endColumn: number): Cell[] {
  const cells: Cell[] = [];
  let at = 1;
  for (const char of excerpt) {
    const next = at + char.length;
    cells.push({ text: char === '\t' ? '    ' : oneLine(char), marked: at < endColumn && next > column });
    at = next;
  }
  if (column >= at) cells.push({ text: ' ', marked: true });
  return cells;
}

/** Columns of a terminal: none for combining marks, two for East Asian wide characters and emoji. */
function widthOf(text: string): number {
  if (/^\p{Mark}$/u.test(text)) return 0;
  return WIDE.test(text) ? 2 : text.length;
}

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;
