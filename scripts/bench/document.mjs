// Tables as text and as Markdown, and the documents that they are in. What people wrote below NOTES stays as it is.
import { readFileSync, writeFileSync } from 'node:fs';

export const docs = new URL('../../docs/', import.meta.url).pathname;
const NOTES = '<!-- notes: written by hand, kept by npm run bench -- --write -->';

/** `sections` are `{ title, intro?, table }`; the first row of a table is its head. */
export function printSections(sections) {
  for (const { title, table } of sections)
    console.log(
      `\n${title}\n${align(table)
        .map((line) => `  ${line.join('  ')}`.trimEnd())
        .join('\n')}`,
    );
}

/** `name` is that of the file in docs/; `head` are the paragraphs before the sections. */
export function writeDocument(name, head, sections) {
  const parts = [...head];
  for (const { title, table, intro } of sections) {
    parts.push(`## ${title}`);
    if (intro) parts.push(intro);
    parts.push(markdown(table));
  }
  writeFileSync(`${docs}${name}`, `${parts.join('\n\n')}\n\n${NOTES}\n${readNotes(name)}`);
}

/** How many of the targets hold, as a sentence. */
export function sumUp(targets) {
  const missed = targets.filter(({ holds }) => !holds).length;
  return `${targets.length - missed} of ${targets.length} targets hold.`;
}

/** The first section of every document. */
export function targetSection(targets) {
  const rows = targets.map(({ name, value, limit, holds }) => [
    name,
    value,
    limit,
    holds ? 'holds' : 'MISSED',
  ]);
  return { title: 'Targets', table: [['target', 'measured', 'limit', ''], ...rows] };
}

function readNotes(name) {
  try {
    return readFileSync(`${docs}${name}`, 'utf8').split(`${NOTES}\n`)[1] ?? '';
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

function align(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column])));
}

/** As prettier writes it. */
function markdown(table) {
  const [head, ...rows] = align(table.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))));
  const rule = head.map((cell) => '-'.repeat(Math.max(3, cell.length)));
  return [head, rule, ...rows]
    .map((row) => `| ${row.map((cell, at) => cell.padEnd(rule[at].length)).join(' | ')} |`)
    .join('\n');
}
