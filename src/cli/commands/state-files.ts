// Commands about state files: no kernel is needed, nothing is changed.
import { type Command, Option } from 'commander';
import { readCommon, readGiven } from '../options.js';
import { PROFILES } from '../profiles.js';
import { command, type Flags, type Keep } from './command.js';

export function addStateFiles(program: Command, keep: Keep): void {
  command(program, 'validate', 'check every state file; needs no root').action(
    async (_flags: Flags, self: Command) => {
      const { runValidate } = await import('../validate.js');
      // XDPKEEP_HOST says which machine this is, not which files are to be checked.
      const named = self.getOptionValueSourceWithGlobals('host') === 'cli' ? readGiven(self).host : undefined;
      keep(await runValidate({ ...readCommon(self), ...(named !== undefined && { onlyHost: named }) }));
    },
  );
  command(program, 'lint', 'find rules that are not what they seem; needs no root').action(
    async (_flags: Flags, self: Command) => {
      const { runLint } = await import('../lint.js');
      keep(runLint(readCommon(self, 'sarif'), program.version() ?? ''));
    },
  );
  command(program, 'test', 'run the packet tests of every policy; without root by the reference').action(
    async (_flags: Flags, self: Command) => {
      const { runTest } = await import('../packet-tests.js');
      keep(runTest({ ...readCommon(self, 'junit'), hostIsNamed: readGiven(self).host !== undefined }));
    },
  );
  command(program, 'schema [kind]', 'print the JSON schema of a kind of state file; needs no root').action(
    async (kind: string | undefined) => {
      const { runSchema } = await import('../schema.js');
      keep(runSchema(kind));
    },
  );
  command(program, 'init [dir]', 'write a commented starter state directory; needs no root')
    .addOption(new Option('--profile <kind>', 'with a policy for this kind of host').choices(PROFILES))
    .action(async (dir: string | undefined, _flags: Flags, self: Command) => {
      const { runInit } = await import('../init.js');
      keep(runInit(dir ?? readGiven(self).state, { ...self.opts(), ...readCommon(self) }));
    });
}

export function addDiff(program: Command, keep: Keep): void {
  command(
    program,
    'diff <from> <to>',
    'what differs: git revisions (no root needed), generations (5 or gen:5), `running`, `desired`',
  )
    .option('--semantic', 'show which packets get another verdict, with an example each')
    .option('--detailed-exitcode', 'exit 2 when something differs')
    .action(async (from: string, to: string, _flags: Flags, self: Command) => {
      const { runDiff } = await import('../diff.js');
      keep(await runDiff(from, to, { ...self.opts(), ...readCommon(self, 'markdown') }));
    });
}
