// Commands for an incident: sources that are dropped at once and for a time, outside of git.
import type { Command } from 'commander';
import { acceptLockout } from '../change-flags.js';
import { OPERATOR } from '../../model/blocks.js';
import { readCommon } from '../options.js';
import { command, type Flags, type Keep } from './command.js';

export function addBlocking(program: Command, keep: Keep): void {
  command(
    program,
    'block <cidr> [interface]',
    'drop what comes from a network, for a time; beside the state files, never what protect names',
  )
    .option('--for <time>', 'when it ends: 90s, 30m, 2h, 1d')
    .option('--reason <text>', 'why; kept in the journal')
    .option('--owner <owner>', 'whose it is: each owner has a block of its own, the longest holds', OPERATOR)
    .addOption(acceptLockout())
    .action(async (cidr: string, name: string | undefined, _flags: Flags, self: Command) => {
      const { runBlock } = await import('../blocks.js');
      keep(await runBlock(cidr, name, { ...self.opts(), ...readCommon(self) }));
    });
  command(program, 'unblock <cidr> [interface]', 'end the blocks of a network, or those on an interface')
    .option('--owner <owner>', "end that owner's alone; default: everybody's")
    .action(async (cidr: string, name: string | undefined, _flags: Flags, self: Command) => {
      const { runUnblock } = await import('../blocks.js');
      keep(await runUnblock(cidr, name, { ...self.opts<{ owner?: string }>(), ...readCommon(self) }));
    });
  command(program, 'blocks', 'what is blocked, until when, by whom and why').action(
    async (_flags: Flags, self: Command) => {
      const { runBlocks } = await import('../blocks.js');
      keep(runBlocks(readCommon(self)));
    },
  );
}
