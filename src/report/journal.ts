// Prints journal records. Records behind a break of the chain are shown and marked.
import type { JournalRepair, JournalVerification } from '../model/history.js';
import type { JournalDamage, JournalRecord } from '../model/record.js';
import { columns, json, printable } from './style.js';

export interface ShownJournal {
  records: readonly JournalRecord[];
  /** Readable records after the damage. */
  unverified: readonly JournalRecord[];
}

const HEADER = ['SEQ', 'TIME', 'GENERATION', 'PHASE', 'STEP', 'INTERFACE', 'REASON'];

export function renderJournal({ records, unverified }: ShownJournal): string {
  const rows = [...records.map((record) => row(record, '')), ...unverified.map((record) => row(record, '?'))];
  return rows.length === 0 ? 'the journal is empty\n' : `${columns([HEADER, ...rows]).join('\n')}\n`;
}

/** NDJSON that opens with a version record. */
export function streamJournal({ records, unverified }: ShownJournal): string {
  const lines = [
    { apiVersion: 'xdpkeep/v1', kind: 'Journal' },
    ...records,
    ...unverified.map((record) => ({ ...record, unverified: true })),
  ];
  return lines.map((line) => json(line, 0)).join('');
}

export function renderVerification({ records, damage, tornBytes }: JournalVerification): string {
  if (damage) return `${describeDamage(damage)}; before it: ${count(records)}\n`;
  const torn = tornBytes === undefined ? '' : `, and an unfinished last line of ${tornBytes} bytes`;
  return `the journal is sound: ${count(records)}${torn}\n`;
}

export function renderRepair({ repaired, damage, keptAs }: JournalRepair): string {
  if (!repaired) return 'nothing to repair: the journal is sound\n';
  const kept = keptAs === undefined ? '' : `, kept as ${printable(keptAs)}`;
  if (!damage) return `cut off: an unfinished last line${kept}\n`;
  return `${describeDamage(damage)}; set aside${kept}. A new journal begins with what the kernel runs\n`;
}

/** One sentence without a full stop. */
export function describeDamage({ line, reason }: JournalDamage): string {
  return `line ${line} of the journal cannot be trusted: ${printable(reason)}`;
}

function count(records: number): string {
  return `${records} ${records === 1 ? 'record' : 'records'}`;
}

function row({ seq, time, generation, phase, step, note }: JournalRecord, mark: string): string[] {
  const refused = 'attached' in step ? step.attached.fellBackBecause : undefined;
  const notes = [note, refused === undefined ? undefined : `native was refused: ${refused}`];
  const said = notes.filter((one) => one !== undefined).join('; ');
  const why = said === '' ? step.reason : `${step.reason} (${said})`;
  const name = 'interface' in step ? step.interface : '-';
  return [`${mark}${seq}`, time, String(generation), phase, step.kind, printable(name), printable(why)];
}
