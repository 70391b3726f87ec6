// Generations as people read them, the newest last, next to the prompt; and one of them in full.
import type { GenerationReport, GenerationSummary, History, InterfaceOutcomes } from '../model/history.js';
import { ageSince } from './age.js';
import { commitWords } from './source.js';
import { renderStateDiff } from './state-diff.js';
import { columns, type Paint, printable } from './style.js';

const HEADER = ['GENERATION', 'TIME', 'ORIGIN', 'AUTHOR', 'INTERFACES', 'CHANGES', 'REASON'];
/** Characters of a line's changes: the rest is in `history N`. */
const LONGEST = 90;

export function renderHistory({ generation, generations }: History): string {
  if (generation === 0) return 'nothing was ever applied: generation 0\n';
  if (generations.length === 0) return `generation ${generation} is the latest; none can be read\n`;
  return `${columns([HEADER, ...generations.map(row)]).join('\n')}\n`;
}

function row(generation: GenerationSummary): string[] {
  const { number, time, interfaces, reason, source, changes } = generation;
  return [
    String(number),
    time,
    originOf(generation),
    printable(source?.author ?? '-'),
    interfaces.map(outcomes).join(', ') || '-',
    printable(shortened(changes)),
    printable(reason ?? (source ? commitWords(source) : '-')),
  ];
}

function originOf({ origin, of, number }: GenerationSummary): string {
  return of === number ? origin : `${origin} to ${of}`;
}

function shortened(changes: string[] | undefined): string {
  if (changes === undefined) return '?';
  const text = changes.join('; ') || 'nothing';
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 3)}...`;
}

function outcomes({ name, ...counts }: InterfaceOutcomes): string {
  const words = Object.entries(counts).flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []));
  return `${printable(name)}: ${words.join(' ')}`;
}

export function renderGeneration(report: GenerationReport, paint: Paint): string {
  const { number, time, host, reason, source, previous, diff, steps } = report;
  const against = previous === 0 ? 'nothing' : `generation ${previous}`;
  const lines = [
    `generation ${number} of ${host}: ${originOf(report)}, ${time}, ${ageSince(time)} ago`,
    ...(source ? [`made of ${commitWords(source)}, written by ${source.author}`] : []),
    ...(reason === undefined ? [] : [`reason: ${reason}`]),
    diff ? `against ${against}:` : `what was before it cannot be read`,
  ];
  const done = steps.map((step) => [
    step.time,
    step.phase,
    step.interface ?? '-',
    step.action,
    step.reason + (step.note === undefined ? '' : ` (${step.note})`),
  ]);
  const table = [['TIME', 'PHASE', 'INTERFACE', 'ACTION', 'REASON'], ...done].map((cells) =>
    cells.map(printable),
  );
  return [
    ...lines.map((line) => `${printable(line)}\n`),
    diff ? renderStateDiff(diff, paint) : '',
    ...(steps.length === 0 ? ['no step was recorded\n'] : columns(table).map((line) => `${line}\n`)),
  ].join('');
}
