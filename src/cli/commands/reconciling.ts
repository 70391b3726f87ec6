// Commands that make the kernel run something: a pass, a plan, the same from git.
import type { Command } from 'commander';
import { acceptLockout, addPassFlags, allowPruneAll, confirmWithin } from '../change-flags.js';
import { readCommon } from '../options.js';
import { command, type Flags, type Keep } from './command.js';
import { offline } from './unattended.js';

export function addReconciling(program: Command, keep: Keep): void {
  addPassFlags(
    command(program, 'reconcile', 'make the kernel run what the state files of this host say'),
    'plan and prove, change nothing',
  )
    .option('--watch', 'stay, and reconcile whenever the state directory changes')
    .option('--schedule <cron>', 'stay, and reconcile at these times, e.g. "*/5 * * * *"')
    .action(async (_flags: Flags, self: Command) => {
      const flags = self.opts<{ watch?: boolean; schedule?: string }>();
      if (flags.watch === true || flags.schedule !== undefined) {
        const { runWatch } = await import('../watch.js');
        keep(await runWatch({ ...self.opts(), ...readCommon(self) }));
      } else {
        const { runReconcile } = await import('../reconcile.js');
        keep(await runReconcile({ ...self.opts(), ...readCommon(self) }));
      }
    });
  command(program, 'plan', 'write down what reconcile would do, for apply')
    .option('--out <file>', 'where to; it holds for this boot, until anything changes')
    .addOption(allowPruneAll())
    .action(async (_flags: Flags, self: Command) => {
      const { runPlan } = await import('../plan.js');
      keep(await runPlan({ ...self.opts(), ...readCommon(self) }, program.version() ?? ''));
    });
  command(program, 'apply <file>', 'do exactly what a plan says, or nothing')
    .addOption(confirmWithin())
    .addOption(acceptLockout())
    .action(async (file: string, _flags: Flags, self: Command) => {
      const { runApply } = await import('../plan.js');
      keep(await runApply(file, { ...self.opts(), ...readCommon(self) }, program.version() ?? ''));
    });
}

export function addGit(program: Command, keep: Keep): void {
  addPassFlags(
    command(program, 'sync', 'the same from git: fetch, verify, adopt the newest commit, reconcile'),
    'fetch, verify, plan and prove, change nothing',
  )
    .addOption(offline())
    .action(async (_flags: Flags, self: Command) => {
      const [{ runSync }, { readConfigOf }] = await Promise.all([
        import('../sync.js'),
        import('../config.js'),
      ]);
      keep(await runSync({ ...self.opts(), ...readCommon(self) }, await readConfigOf(self)));
    });
}
