// Commands that make the kernel run something: a pass, a plan, the same from git.
import { type Command, Option } from 'commander';
import { acceptLockout, addPassFlags, allowPruneAll, confirmWithin } from '../change-flags.js';
import { UsageError } from '../../model/errors.js';
import { readCommon } from '../options.js';
import { command, type Flags, type Keep } from './command.js';
import { offline } from './unattended.js';

export function addReconciling(program: Command, keep: Keep): void {
  addPassFlags(
    command(program, 'reconcile', 'make the kernel run what the state files of this host say'),
    'plan and prove, change nothing',
  )
    .option('--watch', 'stay, and reconcile whenever state files, what was fetched or interfaces change')
    .option('--schedule <cron>', 'stay, and reconcile at these times, e.g. "*/5 * * * *"')
    .addOption(offline('while it stays: look at what `xdpkeep fetch` has brought, and ask no remote'))
    .addOption(
      new Option(
        '--http <address>',
        'while it stays: a status page and /metrics, e.g. 127.0.0.1:9470, unix:/run/x.sock',
      ).env('XDPKEEP_HTTP'),
    )
    .option('--http-allow-remote', 'let --http listen where other machines reach it; there is no password')
    .action(async (_flags: Flags, self: Command) => {
      const flags = self.opts<{ watch?: boolean; schedule?: string }>();
      if (flags.watch === true || flags.schedule !== undefined) {
        const [{ runWatch }, { readFollowed }] = await Promise.all([
          import('../watch.js'),
          import('../config.js'),
        ]);
        const followed = await readFollowed(self);
        keep(await runWatch({ ...self.opts(), ...readCommon(self) }, program.version() ?? '', followed));
      } else {
        refuseStaying(self);
        const [{ runReconcile }, { withMetrics }] = await Promise.all([
          import('../reconcile.js'),
          import('../metrics.js'),
        ]);
        const options = { ...self.opts(), ...readCommon(self) };
        keep(await withMetrics(options, program.version() ?? '', () => runReconcile(options)));
      }
    });
  command(program, 'plan', 'write down what reconcile would do, for apply')
    .option('--out <file>', 'where to; it holds for this boot, until anything changes')
    .addOption(allowPruneAll())
    .action(async (_flags: Flags, self: Command) => {
      const { runPlan } = await import('../plan-file.js');
      keep(await runPlan({ ...self.opts(), ...readCommon(self) }, program.version() ?? ''));
    });
  command(program, 'apply <file>', 'do exactly what a plan says, or nothing')
    .addOption(confirmWithin())
    .addOption(acceptLockout())
    .action(async (file: string, _flags: Flags, self: Command) => {
      const { runApply } = await import('../plan-file.js');
      keep(await runApply(file, { ...self.opts(), ...readCommon(self) }, program.version() ?? ''));
    });
}

/** What is said for a pass that stays must not be taken for done by one that does not. */
function refuseStaying(self: Command): void {
  for (const [name, flag] of [
    ['offline', '--offline'],
    ['http', '--http'],
    ['httpAllowRemote', '--http-allow-remote'],
  ] as const) {
    if (self.getOptionValueSource(name) !== 'cli') continue;
    throw new UsageError(`${flag} is for a reconcile that stays`, {
      hint: 'Add --watch or --schedule, or leave it out; `xdpkeep sync --offline` is one pass from what was fetched.',
    });
  }
}

export function addGit(program: Command, keep: Keep): void {
  addPassFlags(
    command(program, 'sync', 'the same from git: fetch, verify, adopt the newest commit, reconcile'),
    'fetch, verify, plan and prove, change nothing',
  )
    .addOption(
      offline('from what `xdpkeep fetch` has brought; without a source in the config file, reconcile'),
    )
    .action(async (_flags: Flags, self: Command) => {
      const [{ runSync }, { readConfigOf }, { withMetrics }] = await Promise.all([
        import('../sync.js'),
        import('../config.js'),
        import('../metrics.js'),
      ]);
      const options = { ...self.opts(), ...readCommon(self) };
      const config = await readConfigOf(self);
      keep(await withMetrics(options, program.version() ?? '', () => runSync(options, config)));
    });
}
