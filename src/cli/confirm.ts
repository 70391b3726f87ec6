// `xdpkeep confirm` and `cancel`: the last word on a change that waits; and what waits for its deadline.
import { cancel, confirm, type TrialDecision } from '../operate/confirm.js';
import { cancelAtDeadline } from '../operate/deadline-watchdog.js';
import { ARMED } from '../kernel/deadline.js';
import { readDeadlineRequest } from '../kernel/deadline-unit.js';
import { EXIT, UsageError } from '../model/errors.js';
import { printable, json } from '../report/style.js';
import type { CommonOptions } from './options.js';
import { present } from './reconcile.js';
import type { CommandResult } from './result.js';

export async function runConfirm(options: CommonOptions): Promise<CommandResult> {
  const verdict = await confirm(options);
  // Whoever confirms what is gone must not believe that it stays.
  return tell(verdict, options, verdict.undoneBefore === undefined ? EXIT.ok : EXIT.rolledBack);
}

/** Which deadline, somebody says over the socket that is our stdin: xdpkeep-deadline@.service. */
const ASKED = 'asked';

export async function runCancel(
  options: CommonOptions & { reason?: string; atDeadline?: string },
): Promise<CommandResult> {
  const { atDeadline, bpffs, dataDir } = options;
  if (atDeadline === undefined) {
    return tell(await cancel(options, options.reason ?? 'cancelled by hand'), options, EXIT.ok);
  }
  if (atDeadline === ASKED) {
    const { answer, ...request } = await readDeadlineRequest();
    const ready = () => {
      answer(`${ARMED} ${process.pid}`);
    };
    return tell(await cancelAtDeadline({ ...request, ready }), options, EXIT.ok);
  }
  const [, id = '', at] = /^([0-9a-f]+)@(\d+)$/.exec(atDeadline) ?? [];
  if (at === undefined) {
    throw new UsageError(`"${atDeadline}" is no deadline`, { hint: 'Run `xdpkeep cancel` to go back now.' });
  }
  const ready = () => process.stdout.write(`${ARMED}\n`);
  return tell(await cancelAtDeadline({ bpffs, dataDir, id, at: Number(at), ready }), options, EXIT.ok);
}

function tell(
  { result, undoneBefore, confirmed, warnings }: TrialDecision,
  options: CommonOptions,
  exitCode: typeof EXIT.ok | typeof EXIT.rolledBack,
): CommandResult {
  if (result) {
    const presented = present({ ...result, warnings: [...warnings, ...result.warnings] }, options);
    if (!confirmed || options.output === 'json') return presented;
    return { ...presented, out: `${confirmedWords(confirmed)}\n${presented.out}` };
  }
  if (options.output === 'json') {
    const document = { apiVersion: 'xdpkeep/v1', kind: 'Confirmation', pending: false };
    return { exitCode, out: json({ ...document, ...(undoneBefore !== undefined && { undoneBefore }) }) };
  }
  const before = undoneBefore === undefined ? '' : `; the last change was undone: ${printable(undoneBefore)}`;
  return { exitCode, out: `nothing waits for a confirmation${before}\n` };
}

function confirmedWords({ generation, inPart }: Required<TrialDecision>['confirmed']): string {
  return `confirmed: generation ${generation} stays${inPart ? ', without what could not be done yet' : ''}`;
}
