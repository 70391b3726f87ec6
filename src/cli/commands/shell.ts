// Commands about the command line itself: completion and the manual.
import { Argument, type Command } from 'commander';
import { command, type Flags, type Keep } from './command.js';
import { MANUAL_PAGES } from '../manual/pages.js';
import { SHELLS } from '../completion/shells.js';

export function addShellCommands(program: Command, keep: Keep): void {
  command(program, 'completion', 'print what makes a shell complete xdpkeep; needs no root')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(async (shell: (typeof SHELLS)[number]) => {
      const { runCompletion } = await import('../completion.js');
      keep(runCompletion(shell));
    });
  command(program, 'manual', 'print a page of the manual, for man -l; needs no root')
    .addArgument(new Argument('[page]', 'which page').choices(MANUAL_PAGES))
    .action(async (page: (typeof MANUAL_PAGES)[number] | undefined) => {
      const { runManual } = await import('../manual.js');
      keep(runManual(page ?? 'xdpkeep', program));
    });
  program
    .command('complete', { hidden: true })
    .description('candidates for the last of these words, for the scripts of `completion`')
    .argument('[words...]')
    .helpOption(false)
    .action(async (words: string[], _flags: Flags, self: Command) => {
      const { runComplete } = await import('../completion.js');
      keep(await runComplete(words, self));
    });
}
