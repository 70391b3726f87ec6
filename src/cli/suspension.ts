// `xdpkeep suspend` and `resume`.
import { EXIT } from '../model/errors.js';
import { holdWords } from '../report/reconciliation.js';
import { json, printable } from '../report/style.js';
import { suspensionLine } from '../report/suspension.js';
import { resume, suspend } from '../operate/suspension.js';
import type { CommonOptions } from './options.js';
import { type ReasonAndDuration, readReasonAndDuration } from './reason-and-duration.js';
import type { CommandResult } from './result.js';
import { operatorName } from './operator-name.js';

export async function runSuspend(
  name: string | undefined,
  options: CommonOptions & ReasonAndDuration,
): Promise<CommandResult> {
  const example = 'xdpkeep suspend --reason "replacing the switch" --for 2h [INTERFACE]';
  const { reason, duration } = readReasonAndDuration('suspend', options, { example });
  const target = name === undefined ? {} : { interface: name };
  const suspension = await suspend(options, { ...target, reason, by: operatorName(), duration });
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
