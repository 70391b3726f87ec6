// A reconciliation as people read it: the steps with their reasons, then how every interface stands.
import type { MergedEntries } from '../model/desired.js';
import type { ListChange, Reconciliation, ReportedInterface, ReportedStep } from '../model/reconciliation.js';
import type { Condition } from '../model/step.js';
import { sourceLines } from './source.js';
import { pendingWords } from '../model/pending.js';
import { trialLines } from './trial.js';
import { columns, grouped, type Paint, printable, type Style } from './style.js';
import { suspensionLine } from './suspension.js';

const SIGNS: Record<ReportedStep['action'], string> = { attach: '+', update: '~', detach: '-', none: ' ' };
const STEP_STYLES: Record<ReportedStep['action'], Style> = {
  attach: 'green',
  update: 'yellow',
  detach: 'red',
  none: 'gray',
};
const CONDITION_STYLES: Record<Condition, Style> = {
  Ready: 'green',
  Degraded: 'yellow',
  Pending: 'yellow',
  Drifted: 'yellow',
  Missing: 'yellow',
  Refused: 'red',
  Failed: 'red',
  Stalled: 'red',
};

export function renderReconciliation(result: Reconciliation, paint: Paint): string {
  const lines = [
    `${result.dryRun ? 'plan for' : 'host'} ${printable(result.host)}, generation ${result.generation}`,
    ...sourceLines(result.source, paint),
    ...result.steps.flatMap((step) => stepLines(step, paint)),
    ...listLines(result.lists),
    ...interfaceLines(result.interfaces, paint),
    ...result.warnings.map((warning) => `${paint('yellow', 'warning:')} ${printable(warning)}`),
    ...trialLines(result.trial, paint),
    ...(result.hold ? [holdLine(result.hold)] : []),
    ...(result.pending ? [pendingWords(result.pending)] : []),
    ...(result.suspensions ?? []).map(suspensionLine),
    summaryLine(result),
  ];
  return `${lines.join('\n')}\n`;
}

function listLines(lists: ListChange[] = []): string[] {
  return lists.map(({ name, added, removed, ranges, merged }) => {
    const change = `${grouped(added)} added, ${grouped(removed)} removed`;
    const left = `${grouped(ranges)} ${ranges === 1 ? 'range' : 'ranges'}`;
    return `  list ${printable(name)}: ${change}: ${[left, ...(merged ? mergedWords(merged) : [])].join(', ')}`;
  });
}

/** Nothing of what there is none of. */
export function mergedWords({ duplicates, overlaps }: MergedEntries): string[] {
  return [
    ...(duplicates > 0 ? [`${grouped(duplicates)} ${duplicates === 1 ? 'duplicate' : 'duplicates'}`] : []),
    ...(overlaps > 0 ? [`${grouped(overlaps)} ${overlaps === 1 ? 'overlap' : 'overlaps'}`] : []),
  ];
}

/** For people and logs alike. */
export function holdLine(hold: NonNullable<Reconciliation['hold']>): string {
  return `${holdWords(hold)}; \`xdpkeep resume\` or a change of the state files ends it`;
}

/** What was, or is, on hold. */
export function holdWords(hold: NonNullable<Reconciliation['hold']>): string {
  return `on hold since ${hold.since}: generation ${hold.generation} is kept (${printable(hold.reason)})`;
}

function stepLines(step: ReportedStep, paint: Paint): string[] {
  if (step.action === 'none' && step.outcome === 'unchanged' && step.hint === undefined) return [];
  const outcome = step.outcome === 'planned' || step.outcome === 'unchanged' ? '' : ` [${step.outcome}]`;
  const gap = step.gap ? ' [gap]' : '';
  const head = `  ${SIGNS[step.action]} ${step.interface}: ${step.action === 'none' ? '' : `${step.action}, `}`;
  const lines = [paint(STEP_STYLES[step.action], printable(head + step.reason + gap + outcome))];
  const { mode, fellBackBecause } = step.attached ?? {};
  if (mode && fellBackBecause !== undefined)
    lines.push(`      attached ${mode}, since native was refused: ${printable(fellBackBecause)}`);
  const carried = step.maps?.carried ?? [];
  if (carried.length > 0) lines.push(`      maps carried over: ${carried.join(', ')}`);
  for (const { name, why } of step.maps?.fresh ?? []) {
    if (step.action === 'update') lines.push(`      map ${name} starts afresh: ${why}`);
  }
  lines.push(...fateLines(step.fates));
  if (step.error !== undefined) lines.push(`      ${paint('red', 'error:')} ${printable(step.error)}`);
  if (step.hint !== undefined) lines.push(`      help: ${printable(step.hint)}`);
  if (step.log !== undefined) lines.push(...lastLines(step.log).map((line) => `      | ${printable(line)}`));
  return lines;
}

const LOG_LINES = 20;

const MOST_EFFECTS = 20;

/** Nothing where nobody looked. */
export function fateLines(fates: ReportedStep['fates']): string[] {
  if (!fates) return [];
  const { changes, complete } = fates;
  if (changes.length === 0 && complete) return ['      no packet gets another verdict'];
  const shown = changes.slice(0, MOST_EFFECTS).map(({ from, to, fromRow, toRow, example, kinds }) => {
    const change = `${from} ${inParentheses(fromRow)} -> ${to} ${inParentheses(toRow)}`;
    return printable(`      ${example}: ${change}${otherKinds(kinds)}`);
  });
  const left = changes.length - shown.length;
  return [
    ...shown,
    ...(left > 0 ? [`      and ${left} more kinds of packets`] : []),
    ...(complete ? [] : ['      there may be more: the policies are too large to compare in full']),
  ];
}

const MOST_KINDS = 3;

/** One packet stands for a change that may be of several kinds of packets: the others are named. */
export function otherKinds(kinds: readonly string[] = []): string {
  const others = kinds.slice(1);
  if (others.length === 0) return '';
  const left = others.length - MOST_KINDS;
  const more = left > 0 ? ` and ${left} more ${left === 1 ? 'kind' : 'kinds'}` : '';
  return `; also ${others.slice(0, MOST_KINDS).join(', ')}${more}`;
}

/** The built-in rows have theirs. */
function inParentheses(row: string): string {
  return row.startsWith('(') ? row : `(${row})`;
}

/** The verifier says at the end what was wrong; what it explored before that can be very long. */
export function lastLines(log: string): string[] {
  const lines = log.split('\n');
  const left = lines.length - LOG_LINES;
  return left > 0 ? [`... ${left} lines before`, ...lines.slice(left)] : lines;
}

/** The table of interfaces, header included; nothing when there are none. */
export function interfaceLines(interfaces: ReportedInterface[], paint: Paint): string[] {
  if (interfaces.length === 0) return [];
  const header = ['INTERFACE', 'CONDITION', 'MODE', 'PROGRAM', 'LINK', 'DIGEST', 'REASON'];
  const rows = interfaces.map((one) => [
    printable(one.name),
    one.condition,
    one.mode ?? '-',
    String(one.programId ?? '-'),
    String(one.linkId ?? '-'),
    one.digest ?? '-',
    printable(one.reason),
  ]);
  return columns([header, ...rows], (cell, column) =>
    column === 1 && cell in CONDITION_STYLES ? paint(CONDITION_STYLES[cell as Condition], cell) : cell,
  );
}

function summaryLine({ steps, dryRun, changed }: Reconciliation): string {
  if (!changed && steps.every(({ outcome }) => outcome === 'unchanged')) return 'nothing to do';
  const count = (action: ReportedStep['action']) =>
    steps.filter((step) => step.action === action && ['planned', 'done'].includes(step.outcome)).length;
  const ended = (...outcomes: ReportedStep['outcome'][]) =>
    steps.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const [failed, refused, waiting] = [ended('failed', 'undone'), ended('refused'), ended('suspended')];
  const verb = dryRun ? 'would' : 'did';
  return [
    `${verb} attach ${count('attach')}, update ${count('update')}, detach ${count('detach')}`,
    ...(failed > 0 ? [`${failed} ${dryRun ? 'would fail' : 'failed'}`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(waiting > 0 ? [`${waiting} suspended`] : []),
  ].join('; ');
}

/** How the host stands, for `systemctl status`: `generation 7: 2 Ready, 1 Missing`. */
export function conditionLine({ generation, interfaces, hold, pending, source }: Reconciliation): string {
  const counts = new Map<Condition, number>();
  for (const { condition } of interfaces) counts.set(condition, (counts.get(condition) ?? 0) + 1);
  const words = [...counts].map(([condition, count]) => `${count} ${condition}`);
  return [
    `generation ${generation}: ${words.join(', ') || 'no interfaces'}`,
    ...(hold ? ['on hold'] : []),
    ...(pending ? ['a change waits for its confirmation'] : []),
    ...(source && source.condition !== 'Current' ? [source.condition] : []),
  ].join('; ');
}
