// Wrong indentation, told once, at the line that is wrong. A parser of YAML finds its consequences: a value that seems to hold ":", a list
// without dashes, fields that do not begin alike; and each line behind is one more.
import type { YAMLError } from 'yaml';
import type { Diagnostic } from '../../model/diagnostic.js';
import type { Source } from './source.js';

/** Errors that wrong indentation may be behind. */
const CODES: readonly YAMLError['code'][] = [
  'BAD_INDENT',
  'BLOCK_AS_IMPLICIT_KEY',
  'MISSING_CHAR',
  'UNEXPECTED_TOKEN',
];

export function mayBeIndentation({ code }: YAMLError): boolean {
  return CODES.includes(code);
}

interface Line {
  /** From 1 on. */
  number: number;
  /** Columns, from 1 on, where its dashes and what is behind them begin. */
  columns: number[];
  /** Those of the dashes. */
  dashes: number[];
  text: string;
}

/** The first line up to that of an error which begins where nothing begins that is open; `undefined` where none does. */
export function findWrongIndentation(source: Source, error: YAMLError): Diagnostic | undefined {
  const { line: last } = source.placeAt(error.pos[0]).at;
  let open: Line[] = [];
  let before: Line | undefined;
  for (const line of linesOf(source.text)) {
    const [column = 1] = line.columns;
    const isDeeper = before !== undefined && column > (before.columns.at(-1) ?? 0);
    // A value on its line ends there, unless it goes on as text: then nothing below it can be a field.
    const isBelowValue = isDeeper && isField(line) && before !== undefined && hasPlainValue(before);
    const isBetween = !isDeeper && before !== undefined && !open.some((one) => mayBegin(line, column, one));
    if (isBelowValue || isBetween)
      return line.number <= last + 1 ? toDiagnostic(source, line, open) : undefined;
    if (line.number > last) return undefined;
    open = [...open.flatMap((one) => upTo(one, column)), line];
    before = line;
  }
  return undefined;
}

/** At a column where only dashes begin, a line begins with one. */
function mayBegin(line: Line, column: number, { columns, dashes }: Line): boolean {
  return columns.includes(column) && (line.dashes.length > 0 || !dashes.includes(column));
}

/** Without the columns that a line at `column` ends. */
function upTo(line: Line, column: number): Line[] {
  const columns = line.columns.filter((one) => one <= column);
  return columns.length > 0 ? [{ ...line, columns }] : [];
}

function linesOf(text: string): Line[] {
  return text.split(/\r?\n/).flatMap((full, at) => {
    const text = full.replace(/(?:^|\s)#.*$/, '').trimEnd();
    const [indent = '', dashes = ''] = /^( *)((?:- +)*)/.exec(text)?.slice(1) ?? [];
    if (text.trim() === '' || /^(?:---|\.\.\.|%)/.test(text)) return [];
    const columns = [...dashes.matchAll(/-/g)].map(({ index }) => indent.length + index + 1);
    return [
      { number: at + 1, columns: [...columns, indent.length + dashes.length + 1], dashes: columns, text },
    ];
  });
}

function isField({ text }: Line): boolean {
  return /^[\s-]*[\w"'*?.-]+\s*:(?:\s|$)/.test(text);
}

/** `name: a` or `{...}`, but no map or list that goes on, and no block of text. */
function hasPlainValue({ text }: Line): boolean {
  return /^[\s-]*[\w"'*?.-]+\s*:\s+(?:[^|>{["'\s&*!].*|\{.*\}|\[.*\]|"[^"]*"|'[^']*')$/.test(text);
}

function toDiagnostic(source: Source, line: Line, open: readonly Line[]): Diagnostic {
  const start = lineStart(source.text, line.number) + (line.columns[0] ?? 1) - 1;
  const near = open.at(-1);
  const column = near?.columns.at(-1) ?? 1;
  const at = near ? `, and the fields of line ${near.number} begin at column ${column}` : '';
  return {
    severity: 'error',
    summary: 'wrong indentation',
    detail: `line ${line.number} begins at column ${line.columns[0] ?? 1}, where no map or list that is open begins${at}`,
    hint: 'Indent the fields of one map alike, with spaces; those that belong to a field deeper than that field.',
    ...source.placeAt(start, start + line.text.trimStart().length),
  };
}

function lineStart(text: string, number: number): number {
  let at = 0;
  for (let line = 1; line < number; line++) at = text.indexOf('\n', at) + 1;
  return at;
}
