// The commands of a program as a list, for everything that is made of them: help, completion, the manual.
import type { Command } from 'commander';

export interface NamedCommand {
  /** `journal show`; without the program's own name. */
  path: string;
  command: Command;
}

/** In the order of the help, a group before its members; hidden ones are left out. */
export function everyCommand(parent: Command, before: readonly string[] = []): NamedCommand[] {
  return parent
    .createHelp()
    .visibleCommands(parent)
    .filter((command) => command.name() !== 'help')
    .flatMap((command) => {
      const names = [...before, command.name()];
      return [{ path: names.join(' '), command }, ...everyCommand(command, names)];
    });
}
