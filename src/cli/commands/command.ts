// What the files beside this one share: how a command is declared, and where its result goes.
import type { Command } from 'commander';
import type { CommandResult } from '../result.js';

/** As commander hands them to an action; read with `opts()` and `readCommon` instead. */
export type Flags = Record<string, unknown>;

/** Takes the result of the one command that ran. */
export type Keep = (result: CommandResult) => void;

/** The options that all commands have are those of the program. */
export function command(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description);
}
