// `xdpkeep suspend` and `resume`: hands off for a while, and on again.
import { parseDuration } from '../model/duration.js';
import { EXIT, UsageError } from '../model/errors.js';
import { holdWords } from '../report/reconciliation.js';
import { json, printable } from '../report/style.js';
import { suspensionLine } from '../report/suspension.js';
import { resume, suspend } from '../suspend.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';
import { whoRuns } from './who.js';

/** Longer than this is no suspension but another wish: that belongs into the state files. */
const LONGEST_DAYS = 30;

export async function runSuspend(
  name: string | undefined,
  options: CommonOptions & { reason?: string; for?: string },
): Promise<CommandResult> {
  const { reason, for: time } = options;
  if (reason === undefined || reason.trim() === '' || time === undefined) {
    throw new UsageError('suspend asks for --reason and --for: who finds it must know why, and it must end', {
      hint: 'xdpkeep suspend --reason "replacing the switch" --for 2h [INTERFACE]',
    });
  }
  const duration = parseDuration(time);
  if (duration === undefined || duration > LONGEST_DAYS * 86_400_000) {
    throw new UsageError(`"${time}" is not a time of at most ${LONGEST_DAYS} days`, {
      hint: 'Write it like 90s, 30m, 2h or 1d.',
    });
  }
  const target = name === undefined ? {} : { interface: name };
  const suspension = await suspend(options, { ...target, reason, by: whoRuns(), duration });
  if (options.output === 'json') {
    return { exitCode: EXIT.ok, out: json({ apiVersion: 'xdpkeep/v1', kind: 'Suspension', suspension }) };
  }
  return { exitCode: EXIT.ok, out: `${suspensionLine(suspension)}\n` };
}

export async function runResume(name: string | undefined, options: CommonOptions): Promise<CommandResult> {
  const resumption = await resume(options, 'resumed by hand', name);
  const { ended, hold, suspensions, stalled, left } = resumption;
  const exitCode = left.length > 0 ? EXIT.held : EXIT.ok;
  if (options.output === 'json') {
    return { exitCode, out: json({ apiVersion: 'xdpkeep/v1', kind: 'Resumption', ...resumption }) };
  }
  const lines = [
    ...(hold ? [`ended: ${holdWords(hold)}`] : []),
    ...suspensions.map((one) => `ended: ${suspensionLine(one)}`),
    ...stalled.map((one) => printable(`ended: the stall of ${one}; its drift is healed again`)),
    ...(ended && !hold && suspensions.length + stalled.length === 0
      ? ['ended a hold that was unreadable']
      : []),
    ...(ended ? [] : ['nothing was ended: no hold, no suspension of the command']),
  ];
  const help = left.map((one) => {
    const how = one.file === undefined ? 'xdpkeep resume' : `rm ${one.file}`;
    return `still ${suspensionLine(one)}\nhelp: \`${printable(how)}\` ends that\n`;
  });
  return { exitCode, out: `${lines.join('\n')}\n`, err: help.join('') };
}
