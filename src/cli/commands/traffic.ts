// Commands that show traffic as it comes.
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../model/duration.js';
import { readCommon } from '../options.js';
import { command, type Flags, type Keep } from './command.js';

export function addTraffic(program: Command, keep: Keep): void {
  addStreamFlags(
    command(
      program,
      'events [interface]',
      'sampled packets of rules with `log`, and malformed ones, as they come',
    ),
  )
    .option('--rule <name>', 'only those of one rule or built-in row')
    .action(async (name: string | undefined, _flags: Flags, self: Command) => {
      const { runEvents } = await import('../events.js');
      keep(await runEvents(name, { ...self.opts(), ...readCommon(self) }, program.version() ?? ''));
    });
}

function addStreamFlags(command: Command): Command {
  return command
    .option('--write <file>', 'save them as pcapng, for Wireshark and tshark; - is stdout')
    .option('--count <number>', 'end after so many packets', positive)
    .option('--for <time>', 'end after this time: 90s, 30m, 2h', duration);
}

function positive(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number from 1 to 999999999.');
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('It must be a time like 90s, 30m or 2h.');
}
