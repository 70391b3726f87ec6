// Turns what commander says about a command line into an error of ours: the cause in one line, and what to do.
import type { CommanderError } from 'commander';
import { UsageError } from '../model/errors.js';

export function toUsageError({ code, message }: CommanderError): UsageError {
  const hint = 'Run `xdpkeep --help`, or `xdpkeep COMMAND --help`.';
  if (code === 'commander.help') return new UsageError('no command is named', { hint });
  const [line = ''] = message.replace(/^error: /, '').split('\n');
  const meant = /\((Did you mean .+\?)\)$/.exec(message)?.[1];
  return new UsageError(line, { hint: meant ?? hint });
}
