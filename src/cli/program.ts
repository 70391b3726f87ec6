// The command line: which commands and options there are. What a command does is in its own file, read on use.
import { Command, CommanderError, Option } from 'commander';
import { EXIT } from '../model/errors.js';
import { acceptLockout, addPassFlags, allowPruneAll, confirmWithin } from './change-flags.js';
import { failure } from './failure.js';
import { addCommonOptions, errorOutput, forgetEmptyVariables, readCommon, readGiven } from './options.js';
import type { CommandResult, Keep } from './result.js';
import { addUnattended, offline } from './unattended.js';
import { toUsageError } from './usage.js';

type Flags = Record<string, unknown>;

/** Runs one command line, without the program's own name. Never throws: every error is a result. */
export async function runCommandLine(argv: string[], version: string): Promise<CommandResult> {
  let result: CommandResult = { exitCode: EXIT.ok, out: '' };
  let said = '';
  forgetEmptyVariables();
  const program = new Command('xdpkeep')
    .description('Keeps the XDP firewalls of this host in the state that git says.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => (result.out += text),
      writeErr: (text) => (said += text),
    });
  const keep = (value: CommandResult) => {
    result = value;
  };
  addCommonOptions(program);
  program.hook('preAction', async (_program, action) => {
    if (NEEDS_NO_CONFIG.has(action.name())) return;
    const { applyConfig } = await import('./config.js');
    await applyConfig(program, action);
  });
  addReconciling(program, keep);
  addGit(program, keep);
  addUnattended(program, keep);
  addStateFiles(program, keep);
  addDiff(program, keep);
  addLooking(program, keep);
  addOperating(program, keep);
  addConfirming(program, keep);
  program.addHelpText('after', AFTER_HELP);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return result;
  } catch (error) {
    if (!(error instanceof CommanderError)) return failure(error, argv);
    if (error.exitCode === 0) return result;
    // Where no command is named, what was said is the help.
    const isHelp = error.code === 'commander.help' && !errorOutput(argv).json;
    return isHelp ? { exitCode: EXIT.usage, out: '', err: said } : failure(toUsageError(error), argv);
  }
}

/** Commands that are asked before there is a host to speak of. */
const NEEDS_NO_CONFIG = new Set(['schema', 'init']);

/** The options that all commands have are those of the program. */
function command(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description);
}

function addReconciling(program: Command, keep: Keep): void {
  addPassFlags(
    command(program, 'reconcile', 'make the kernel run what the state files of this host say'),
    'plan and prove, change nothing',
  )
    .option('--watch', 'stay, and reconcile whenever the state directory changes')
    .option('--schedule <cron>', 'stay, and reconcile at these times, e.g. "*/5 * * * *"')
    .action(async (_flags: Flags, self: Command) => {
      const flags = self.opts<{ watch?: boolean; schedule?: string }>();
      if (flags.watch === true || flags.schedule !== undefined) {
        const { runWatch } = await import('./watch.js');
        keep(await runWatch({ ...self.opts(), ...readCommon(self) }));
      } else {
        const { runReconcile } = await import('./reconcile.js');
        keep(await runReconcile({ ...self.opts(), ...readCommon(self) }));
      }
    });
  command(program, 'plan', 'write down what reconcile would do, for apply')
    .option('--out <file>', 'where to; it holds for this boot, until anything changes')
    .addOption(allowPruneAll())
    .action(async (_flags: Flags, self: Command) => {
      const { runPlan } = await import('./plan.js');
      keep(await runPlan({ ...self.opts(), ...readCommon(self) }, program.version() ?? ''));
    });
  command(program, 'apply <file>', 'do exactly what a plan says, or nothing')
    .addOption(confirmWithin())
    .addOption(acceptLockout())
    .action(async (file: string, _flags: Flags, self: Command) => {
      const { runApply } = await import('./plan.js');
      keep(await runApply(file, { ...self.opts(), ...readCommon(self) }, program.version() ?? ''));
    });
}

function addGit(program: Command, keep: Keep): void {
  addPassFlags(
    command(program, 'sync', 'the same from git: fetch, verify, adopt the newest commit, reconcile'),
    'fetch, verify, plan and prove, change nothing',
  )
    .addOption(offline())
    .action(async (_flags: Flags, self: Command) => {
      const [{ runSync }, { readConfigOf }] = await Promise.all([import('./sync.js'), import('./config.js')]);
      keep(await runSync({ ...self.opts(), ...readCommon(self) }, await readConfigOf(self)));
    });
}

function addDiff(program: Command, keep: Keep): void {
  command(
    program,
    'diff <from> <to>',
    'what differs between two revisions of a state repository; needs no root',
  )
    .option('--semantic', 'show which packets change their fate, with an example each')
    .option('--detailed-exitcode', 'exit 2 when something differs')
    .action(async (from: string, to: string, _flags: Flags, self: Command) => {
      const { runDiff } = await import('./diff.js');
      keep(await runDiff(from, to, { ...self.opts(), ...readCommon(self, 'markdown') }));
    });
}

function addStateFiles(program: Command, keep: Keep): void {
  command(program, 'validate', 'check every state file; needs no root').action(
    async (_flags: Flags, self: Command) => {
      const { runValidate } = await import('./validate.js');
      // XDPKEEP_HOST says which machine this is, not which files are to be checked.
      const named = self.getOptionValueSourceWithGlobals('host') === 'cli' ? readGiven(self).host : undefined;
      keep(await runValidate({ ...readCommon(self), ...(named !== undefined && { onlyHost: named }) }));
    },
  );
  command(program, 'lint', 'find rules that are not what they seem; needs no root').action(
    async (_flags: Flags, self: Command) => {
      const { runLint } = await import('./lint.js');
      keep(runLint(readCommon(self, 'sarif'), program.version() ?? ''));
    },
  );
  command(program, 'test', 'run the packet tests of every policy; without root by the reference').action(
    async (_flags: Flags, self: Command) => {
      const { runTest } = await import('./test.js');
      keep(runTest({ ...readCommon(self, 'junit'), hostIsNamed: readGiven(self).host !== undefined }));
    },
  );
  command(program, 'schema [kind]', 'print the JSON schema of a kind of state file; needs no root').action(
    async (kind: string | undefined) => {
      const { runSchema } = await import('./schema.js');
      keep(runSchema(kind));
    },
  );
  command(program, 'init [dir]', 'write a commented starter state directory; needs no root').action(
    async (dir: string | undefined, _flags: Flags, self: Command) => {
      const { runInit } = await import('./init.js');
      keep(runInit(dir ?? readGiven(self).state, readCommon(self)));
    },
  );
}

function addLooking(program: Command, keep: Keep): void {
  command(program, 'status', 'what is wanted and what runs, interface by interface').action(
    async (_flags: Flags, self: Command) => {
      const { runStatus } = await import('./status.js');
      keep(await runStatus(readCommon(self)));
    },
  );
  command(program, 'doctor', 'what this host lacks, and what to do about it; needs no root').action(
    async (_flags: Flags, self: Command) => {
      const { runDoctor } = await import('./doctor.js');
      keep(await runDoctor(readCommon(self)));
    },
  );
  command(
    program,
    'maps [interface] [map]',
    'the maps of the instances in use, formatted through BTF',
  ).action(async (name: string | undefined, map: string | undefined, _flags: Flags, self: Command) => {
    const { runMaps } = await import('./maps.js');
    keep(await runMaps(name, map, readCommon(self)));
  });
  command(program, 'counters [interface]', 'what the rules of each policy have matched').action(
    async (name: string | undefined, _flags: Flags, self: Command) => {
      const { runCounters } = await import('./counters.js');
      keep(await runCounters(name, readCommon(self)));
    },
  );
  command(
    program,
    'explain <interface> <packet>',
    'which rule decides a packet, e.g. "{protocol: tcp, source: 10.0.0.1, destinationPort: 22}"',
  ).action(async (name: string, packet: string, _flags: Flags, self: Command) => {
    const { runExplain } = await import('./explain.js');
    keep(await runExplain(name, packet, readCommon(self)));
  });
  command(program, 'history', 'the generations: what was applied, when and why').action(
    async (_flags: Flags, self: Command) => {
      const { runHistory } = await import('./history.js');
      keep(runHistory(readCommon(self)));
    },
  );
  const journal = program.command('journal').description('the record of every change');
  for (const [name, description] of JOURNAL_COMMANDS) {
    command(journal, name, description).action(async (_flags: Flags, self: Command) => {
      const { runJournal } = await import('./journal.js');
      keep(await runJournal(name, readCommon(self)));
    });
  }
}

const JOURNAL_COMMANDS = [
  ['show', 'print its records'],
  ['verify', 'check its hash chain; exit 74 when it is broken'],
  ['repair', 'put a damaged journal aside and start a new one'],
] as const;

function addOperating(program: Command, keep: Keep): void {
  command(program, 'rollback [generation]', 'run an earlier generation again; by default the one before')
    .option('--reason <text>', 'why; kept in the history')
    .action(async (generation: string | undefined, _flags: Flags, self: Command) => {
      const { runRollback } = await import('./rollback.js');
      keep(await runRollback(generation, { ...self.opts(), ...readCommon(self) }));
    });
  command(program, 'suspend [interface]', 'look and report, but change nothing, for a time')
    .option('--reason <text>', 'why; kept in the journal')
    .option('--for <time>', 'when it ends: 90s, 30m, 2h, 1d')
    .action(async (name: string | undefined, _flags: Flags, self: Command) => {
      const { runSuspend } = await import('./suspend.js');
      keep(await runSuspend(name, { ...self.opts(), ...readCommon(self) }));
    });
  command(
    program,
    'resume [interface]',
    'end the hold of a rollback or detach, and suspensions; with a name, that suspension alone',
  ).action(async (name: string | undefined, _flags: Flags, self: Command) => {
    const { runResume } = await import('./suspend.js');
    keep(await runResume(name, readCommon(self)));
  });
  command(program, 'detach', 'take everything of ours off the kernel, pins included')
    .addOption(new Option('--all', 'everything; nothing less can be detached'))
    .option('--reason <text>', 'why; kept in the journal')
    .action(async (_flags: Flags, self: Command) => {
      const { runDetach } = await import('./rollback.js');
      keep(await runDetach({ ...self.opts(), ...readCommon(self) }));
    });
}

function addConfirming(program: Command, keep: Keep): void {
  command(program, 'confirm', 'let the change stay that waits for its confirmation').action(
    async (_flags: Flags, self: Command) => {
      const { runConfirm } = await import('./confirmation.js');
      keep(await runConfirm(readCommon(self)));
    },
  );
  command(program, 'cancel', 'undo the change that waits for its confirmation, and hold')
    .option('--reason <text>', 'why; kept in the history')
    .addOption(new Option('--at-deadline <id>', 'what a timer or watchdog runs').hideHelp())
    .action(async (_flags: Flags, self: Command) => {
      const { runCancel } = await import('./confirmation.js');
      keep(await runCancel({ ...self.opts(), ...readCommon(self) }));
    });
}

const AFTER_HELP = `
Examples:
  xdpkeep init state                     start a state directory
  xdpkeep validate --state state         check it
  xdpkeep lint; xdpkeep test             look for dead rules; run the packet tests
  xdpkeep reconcile --dry-run            show what would change, and why
  xdpkeep reconcile                      do it
  xdpkeep explain ens5 'protocol: icmp'  which rule decides such a packet
  xdpkeep sync                           do it from git
  xdpkeep rollback                       go back to the generation before

Exit codes: 0 in sync; 2 changes (--detailed-exitcode); 10 found wrong and rolled back; 11 the rollback failed too;
12 some interfaces failed; 13 suspended or on hold; 14 refused; 15 prune guard; 16 stale plan; 17 another change waits for
its confirmation; 64 usage; 65 invalid state files; 66 no such host; 69 source unreachable, or nobody to watch a deadline;
74 journal; 75 locked; 77 permission or signature; 78 environment; 1 a bug.`;
