// Prints what the doctor found: one line for each check, what to do below it, the totals at the end.
import type { Check, CheckStatus, Doctor } from '../model/doctor.js';
import { columns, type Paint, printable, type Style } from './style.js';

const STYLES: Record<CheckStatus, Style> = {
  ok: 'green',
  warning: 'yellow',
  failure: 'red',
  unknown: 'gray',
};

export function renderDoctor({ host, checks, counts }: Doctor, paint: Paint): string {
  const rows = columns(
    checks.map(({ status, name, found }) => [status, printable(name), printable(found)]),
    (cell, column) => (column === 0 ? paint(STYLES[cell as CheckStatus], cell) : cell),
  );
  const lines = rows.flatMap((row, at) => [row, ...helpLines(checks[at])]);
  const { ok, warning, failure, unknown } = counts;
  const sum = `${ok} ok, ${warning} warnings, ${failure} failures, ${unknown} could not be seen`;
  return `${[`host ${printable(host)}`, ...lines, sum].join('\n')}\n`;
}

function helpLines(check: Check | undefined): string[] {
  return check?.help === undefined ? [] : [`         help: ${printable(check.help)}`];
}
