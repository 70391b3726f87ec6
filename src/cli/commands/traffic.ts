// Commands that show traffic as it comes.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../text/duration.js';
import { FATES } from '../../model/sample.js';
import { readCommon } from '../options.js';
import { command, type Flags, type Keep } from './command.js';
import { positive } from './numbers.js';

export function addTraffic(program: Command, keep: Keep): void {
  command(program, 'top [interface]', 'packets and bits a second of every rule, live')
    .option('--every <time>', 'between two looks, at least 100ms (default: 1s)', pace)
    .option('--count <number>', 'end after so many looks', positive)
    .action(async (name: string | undefined, _flags: Flags, self: Command) => {
      const { runTop } = await import('../top.js');
      keep(await runTop(name, { ...self.opts(), ...readCommon(self) }));
    });
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
  addStreamFlags(
    command(
      program,
      'capture <interface> [filter]',
      'packets with the rule that decides and the verdict; the filter is the match of a rule',
    ),
  )
    .addOption(new Option('--verdict <verdict...>', 'only those with one of these').choices(FATES))
    .action(async (name: string, filter: string | undefined, _flags: Flags, self: Command) => {
      const { runCapture } = await import('../capture.js');
      keep(
        await runCapture(
          name,
          filter ?? '',
          { ...self.opts(), ...readCommon(self) },
          program.version() ?? '',
        ),
      );
    });
}

function addStreamFlags(command: Command): Command {
  return command
    .option('--write <file>', 'save them as pcapng, for Wireshark and tshark; - is stdout')
    .option('--count <number>', 'end after so many packets', positive)
    .option('--for <time>', 'end after this time: 90s, 30m, 2h', duration);
}

function pace(text: string): number {
  const ms = duration(text);
  if (ms >= 100 && ms <= 3_600_000) return ms;
  throw new InvalidArgumentError('It must be a time from 100ms to 1h.');
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('It must be a time like 90s, 30m or 2h.');
}
