// `xdpkeep validate`: every problem of every state file, programs compiled and looked into. Writes nothing, needs no root.
import { type ListSummary, type Validation, validateState } from '../desired/load-all.js';
import { MemoryObjectStore } from '../disk/object-store.js';
import { doubtsHere } from '../inspect/links-here.js';
import { EXIT } from '../model/errors.js';
import { mayRunExecProbes } from '../probe/permission.js';
import { renderDiagnostics } from '../report/diagnostics.js';
import { mergedWords } from '../report/reconciliation.js';
import { grouped, json, printable } from '../report/style.js';
import { withProgress } from './progress.js';
import type { CommandResult } from './result.js';

export interface ValidateOptions {
  /** The state directory. */
  state: string;
  /** Which host this machine is: of that, interfaces that are there are looked at too. */
  host?: string;
  /** Only this host; all hosts when absent. */
  onlyHost?: string;
  output: 'text' | 'json';
  color: boolean;
}

/** Throws a HostNotFoundError when there is nothing to validate. */
export async function runValidate(options: ValidateOptions): Promise<CommandResult> {
  const programs = { stateDir: options.state, store: new MemoryObjectStore() };
  const validation = await withProgress((progress) =>
    validateState({ ...programs, progress }, { exec: mayRunExecProbes() }, options.onlyHost),
  );
  const own = validation.states.find(({ host }) => host === options.host);
  if (own) validation.diagnostics.push(...doubtsHere(options.state, own));
  const { diagnostics, parsed: lists, leftOut } = validation;
  const valid = diagnostics.every(({ severity }) => severity !== 'error');
  const document = { apiVersion: 'xdpkeep/v1', kind: 'Validation', valid, lists, leftOut, diagnostics };
  const out = options.output === 'json' ? json(document) : render(validation, options.color);
  return { exitCode: valid ? EXIT.ok : EXIT.invalidState, out };
}

function render(
  { hosts, policies, lists, parsed, leftOut, diagnostics }: Validation,
  color: boolean,
): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const parts = [count(hosts.length, 'host')];
  if (policies.length > 0) parts.push(count(policies.length, 'policy', 'policies'));
  if (lists.length > 0) parts.push(count(lists.length, 'list'));
  parts.push(count(errors, 'error'));
  if (diagnostics.length > errors) parts.push(count(diagnostics.length - errors, 'warning'));
  const frames = renderDiagnostics(diagnostics, { color });
  const read = parsed.map((list) => `${listLine(list)}\n`).join('');
  const others = leftOutLine(leftOut);
  return `${frames}${frames && '\n'}${read}${others}${errors === 0 ? 'valid' : 'invalid'}: ${parts.join(', ')}\n`;
}

const MOST_NAMES = 5;

function leftOutLine(files: readonly string[]): string {
  if (files.length === 0) return '';
  const more = files.length > MOST_NAMES ? `, and ${files.length - MOST_NAMES} more` : '';
  const names = printable(files.slice(0, MOST_NAMES).join(', '));
  return `not looked at: ${names}${more}; \`xdpkeep validate\` without --host looks at every file\n`;
}

function count(number: number, noun: string, nouns = `${noun}s`): string {
  return `${number === 0 ? 'no' : number} ${number === 1 ? noun : nouns}`;
}

function listLine(list: ListSummary): string {
  const { name, entries, skipped, ranges } = list;
  const counts = [
    `${grouped(entries)} ${entries === 1 ? 'entry' : 'entries'}`,
    ...mergedWords(list),
    ...(skipped > 0 ? [`${grouped(skipped)} skipped`] : []),
  ];
  return `list ${printable(name)}: ${counts.join(', ')} -> ${grouped(ranges)} ${ranges === 1 ? 'range' : 'ranges'}`;
}
