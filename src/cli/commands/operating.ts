// Commands by which an operator overrides the state files: rollback, suspend, detach, confirm, cancel.
import { type Command, Option } from 'commander';
import { readCommon } from '../options.js';
import { command, type Flags, type Keep } from './command.js';

export function addOperating(program: Command, keep: Keep): void {
  command(program, 'rollback [generation]', 'run an earlier generation again; by default the one before')
    .option('--reason <text>', 'why; kept in the history')
    .action(async (generation: string | undefined, _flags: Flags, self: Command) => {
      const { runRollback } = await import('../rollback.js');
      keep(await runRollback(generation, { ...self.opts(), ...readCommon(self) }));
    });
  command(program, 'suspend [interface]', 'look and report, but change nothing, for a time')
    .option('--reason <text>', 'why; kept in the journal')
    .option('--for <time>', 'when it ends: 90s, 30m, 2h, 1d')
    .action(async (name: string | undefined, _flags: Flags, self: Command) => {
      const { runSuspend } = await import('../suspension.js');
      keep(await runSuspend(name, { ...self.opts(), ...readCommon(self) }));
    });
  command(
    program,
    'resume [interface]',
    'end the hold of a rollback or detach, and suspensions; with a name, that suspension alone',
  ).action(async (name: string | undefined, _flags: Flags, self: Command) => {
    const { runResume } = await import('../suspension.js');
    keep(await runResume(name, readCommon(self)));
  });
  command(program, 'detach', 'take everything of ours off the kernel, pins included')
    .addOption(new Option('--all', 'everything; nothing less can be detached'))
    .option('--reason <text>', 'why; kept in the journal')
    .action(async (_flags: Flags, self: Command) => {
      const { runDetach } = await import('../rollback.js');
      keep(await runDetach({ ...self.opts(), ...readCommon(self) }));
    });
}

export function addConfirming(program: Command, keep: Keep): void {
  command(program, 'confirm', 'let the change stay that waits for its confirmation').action(
    async (_flags: Flags, self: Command) => {
      const { runConfirm } = await import('../confirm.js');
      keep(await runConfirm(readCommon(self)));
    },
  );
  command(program, 'cancel', 'undo the change that waits for its confirmation, and hold')
    .option('--reason <text>', 'why; kept in the history')
    .addOption(new Option('--at-deadline <id>', 'what a timer or watchdog runs').hideHelp())
    .action(async (_flags: Flags, self: Command) => {
      const { runCancel } = await import('../confirm.js');
      keep(await runCancel({ ...self.opts(), ...readCommon(self) }));
    });
}
