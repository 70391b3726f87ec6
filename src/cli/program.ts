// The command line: the list of commands (commands/) and the options of all. The module of a command is imported when it is
// used.
import { Command, CommanderError } from 'commander';
import { acceptForeignOwners } from '../disk/ownership.js';
import { EXIT } from '../model/errors.js';
import { addBlocking } from './commands/blocking.js';
import { addConnections } from './commands/connections.js';
import { addLooking } from './commands/looking.js';
import { addConfirming, addOperating } from './commands/operating.js';
import { addGit, addReconciling } from './commands/reconciling.js';
import type { Keep } from './commands/command.js';
import { addShellCommands } from './commands/shell.js';
import { addUnattended } from './commands/unattended.js';
import { addDiff, addStateFiles } from './commands/state-files.js';
import { addTraffic } from './commands/traffic.js';
import { failure } from './failure.js';
import { everyCommand } from './command-tree.js';
import { exampleHelp } from './examples.js';
import { exitCodeHelp } from './exit-codes.js';
import { useKernelName } from './interface-operand.js';
import { addCommonOptions, errorOutput, forgetEmptyVariables, readGiven } from './options.js';
import type { CommandResult } from './result.js';
import { toUsageError } from './usage.js';

/** Runs one command line, without the program's own name. Never throws: every error is a result. */
export async function runCommandLine(argv: string[], version: string): Promise<CommandResult> {
  let result: CommandResult = { exitCode: EXIT.ok, out: '' };
  let said = '';
  forgetEmptyVariables();
  const program = makeProgram(version, (value) => {
    result = value;
  });
  const output = {
    writeOut: (text: string) => (result.out += text),
    writeErr: (text: string) => (said += text),
  };
  program.configureOutput(output);
  for (const { command } of everyCommand(program)) command.configureOutput(output);
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

/** All commands with their options; help, completion and the manual are made of it. */
export function makeProgram(version: string, keep: Keep): Command {
  const program = new Command('xdpkeep')
    .description('Keeps the XDP firewalls of this host in the state that git says.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true });
  addCommonOptions(program);
  program.hook('preAction', async (_program, action) => {
    acceptForeignOwners(readGiven(action).allowForeignOwner ?? false);
    if (NEEDS_NO_CONFIG.has(action.name())) return;
    const { applyConfig, requireOwnPlaces } = await import('./config.js');
    await applyConfig(program, action);
    if (action.name() !== 'doctor') requireOwnPlaces(action); // that says it among other things
    await useKernelName(action);
  });
  addReconciling(program, keep);
  addGit(program, keep);
  addUnattended(program, keep);
  addStateFiles(program, keep);
  addDiff(program, keep);
  addLooking(program, keep);
  addTraffic(program, keep);
  addConnections(program, keep);
  addOperating(program, keep);
  addConfirming(program, keep);
  addBlocking(program, keep);
  addShellCommands(program, keep);
  for (const { path, command } of everyCommand(program)) {
    command.addHelpText('after', () => exampleHelp(path));
  }
  program.addHelpText('after', () => `${exampleHelp('')}\n\n${exitCodeHelp()}`);
  return program;
}

/** Commands that are asked before there is a host to speak of. */
const NEEDS_NO_CONFIG = new Set(['schema', 'init', 'completion', 'manual']);
