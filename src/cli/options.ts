// The options that every command has, their environment names, and their defaults.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Command, Option } from 'commander';

/** As commander hands them over. */
export interface CommonOptions {
  state: string;
  host: string;
  bpffs: string;
  dataDir: string;
  output: 'text' | 'json';
  color: boolean;
}

/** `./state` where there is one, else the directory that packages use. */
function defaultState(): string {
  return existsSync('state') ? 'state' : '/etc/xdpkeep/state';
}

export function addCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--state <dir>', 'state directory (default: ./state, then /etc/xdpkeep/state)').env(
        'XDPKEEP_STATE',
      ),
    )
    .addOption(
      new Option('--host <name>', 'which Host file is for this machine (default: its hostname)').env(
        'XDPKEEP_HOST',
      ),
    )
    .addOption(new Option('--bpffs <dir>', 'the bpffs mount').env('XDPKEEP_BPFFS').default('/sys/fs/bpf'))
    .addOption(
      new Option('--data-dir <dir>', 'journal, generations, objects')
        .env('XDPKEEP_DATA_DIR')
        .default('/var/lib/xdpkeep'),
    )
    .addOption(
      new Option('--output <format>', 'output format')
        .env('XDPKEEP_OUTPUT')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(new Option('--no-color', 'no colour (NO_COLOR does the same)'))
    .addOption(
      new Option('--no-input', 'never ask (nothing asks today; for scripts that want to be sure)').env(
        'XDPKEEP_NO_INPUT',
      ),
    );
}

/** Fills in the defaults that depend on the machine. */
export function readCommon(command: Command): CommonOptions {
  const given = command.optsWithGlobals<Partial<CommonOptions>>();
  return {
    state: given.state ?? defaultState(),
    host: given.host ?? hostname(),
    bpffs: given.bpffs ?? '/sys/fs/bpf',
    dataDir: given.dataDir ?? '/var/lib/xdpkeep',
    output: given.output ?? 'text',
    color: given.color !== false && process.stdout.isTTY && !process.env['NO_COLOR'],
  };
}
