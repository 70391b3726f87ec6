// Who decides a packet, as people read it.
import { blockWords } from '../model/blocks.js';
import type { ConnectionSource } from '../model/connections.js';
import type { ExplainedDecision, Explanation } from '../model/explain.js';
import type { Position } from '../model/position.js';
import { noteWords } from '../model/rule-notes.js';
import { type Paint, printable } from './style.js';

/** It is longer than the kernel takes in a test run. */
const BY_REFERENCE = ' (by the reference: too long to ask the kernel)';

const SOURCES: Record<ConnectionSource, string> = { tables: 'the tables of xdpkeep', conntrack: 'conntrack' };

export function renderExplanation(
  { interface: name, packet, connection, connectionFrom, running, desired, caveat }: Explanation,
  paint: Paint,
): string {
  const lines = [
    `${name}: ${packet}`,
    ...(connection
      ? [`connection: ${connection}${connectionFrom ? `, by ${SOURCES[connectionFrom]}` : ''}`]
      : []),
    `runs now${running.decidedBy === 'kernel' ? '' : BY_REFERENCE}: ${paint('bold', decision(running))}`,
    ...notes(running),
    ...aboveRate(running),
    ...wanted(desired, paint),
    ...(caveat === undefined ? [] : [`${paint('yellow', 'but')}: ${caveat}`]),
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function wanted(desired: Explanation['desired'], paint: Paint): string[] {
  if ('reason' in desired) return [`state files: ${desired.reason}`];
  const verdict = desired.same ? 'the same' : paint('yellow', 'otherwise');
  return [`state files: ${verdict}: ${decision(desired)}`, ...notes(desired), ...aboveRate(desired)];
}

function decision({ policy, row, action, audit, at, block, counted }: ExplainedDecision): string {
  if (block) return `${action} by ${row}, before policy ${policy}: ${blockWords(block)}`;
  if (row === '(blocked)') return `${action} by ${row}, before policy ${policy}`;
  const passed = audit && action !== 'pass' ? ' (audit: counted as such, and passed)' : '';
  const before = counted ? `, counted by ${counted.join(', ')}` : '';
  return `${action}${passed} by ${row} of policy ${policy}, ${placeWords(at)}${before}`;
}

function notes({ notes: told }: ExplainedDecision): string[] {
  return told ? [`  ${noteWords(told)}`] : [];
}

function aboveRate({ aboveRate: above }: ExplainedDecision): string[] {
  return above ? [`  above its rate: ${above.action} by ${above.row}, ${placeWords(above.at)}`] : [];
}

function placeWords(at: Position | undefined): string {
  return at ? `${at.file}:${at.line}` : 'as no line says otherwise';
}
