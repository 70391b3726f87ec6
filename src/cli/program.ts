// The command line: which commands there are (commands/) and what all have. What one does is in its own file, read on use.
import { Command, CommanderError } from 'commander';
import { EXIT } from '../model/errors.js';
import { addLooking } from './commands/looking.js';
import { addConfirming, addOperating } from './commands/operating.js';
import { addGit, addReconciling } from './commands/reconciling.js';
import { addDiff, addStateFiles } from './commands/state-files.js';
import { addTraffic } from './commands/traffic.js';
import { failure } from './failure.js';
import { addCommonOptions, errorOutput, forgetEmptyVariables } from './options.js';
import type { CommandResult } from './result.js';
import { toUsageError } from './usage.js';

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
  addStateFiles(program, keep);
  addDiff(program, keep);
  addLooking(program, keep);
  addTraffic(program, keep);
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
