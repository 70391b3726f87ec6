// The commands and options that unit files use, each for one part of the work: `fetch` has a network and no rights,
// `sync --offline` and `reconcile --watch --offline` the rights and no network, `restore` neither a network nor state files.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../text/duration.js';
import { readCommon } from '../options.js';
import { command, type Flags, type Keep } from './command.js';

/** The StateDirectory= of the unit that fetches. */
const FETCHED = '/var/lib/xdpkeep-fetch';

export function addUnattended(program: Command, keep: Keep): void {
  command(program, 'fetch', 'bring the git repository to this machine, for sync --offline; needs no root')
    .option('--into <dir>', 'where to', FETCHED)
    .action(async (_flags: Flags, self: Command) => {
      const [{ runFetch }, { readConfigOf }] = await Promise.all([
        import('../fetch.js'),
        import('../config.js'),
      ]);
      keep(await runFetch(self.opts<{ into: string }>().into, readCommon(self), await readConfigOf(self)));
    });
  command(program, 'restore', 'run again what ran last, from the data directory alone: at boot')
    .addOption(waitFor())
    .action(async (_flags: Flags, self: Command) => {
      const { runRestore } = await import('../restore.js');
      keep(await runRestore({ ...self.opts(), ...readCommon(self) }));
    });
}

/** `where`: when what was fetched is asked in place of the remote. */
export function offline(where: string): Option {
  return new Option('--offline [dir]', `${where} (default: ${FETCHED})`).preset(FETCHED);
}

function waitFor(): Option {
  const help = 'how long to wait for interfaces that are not there yet, e.g. 10s';
  return new Option('--wait <time>', help).argParser((text) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms <= 600_000) return ms;
    throw new InvalidArgumentError('It must be a time of 10m at most, like 10s.');
  });
}
