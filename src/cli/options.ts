// The options that every command has, their environment names, and their defaults.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../model/errors.js';
import type { LookOptions } from '../model/pass-options.js';

/** Output formats that some commands have beside text and JSON. */
const EXTRA_FORMATS = ['junit', 'sarif', 'markdown'] as const;
type ExtraFormat = (typeof EXTRA_FORMATS)[number];
type Format = 'text' | 'json' | ExtraFormat;

/** As commander hands them over. `Extra`: what a command can print beside text and JSON. */
export interface CommonOptions<Extra extends ExtraFormat = never> {
  state: string;
  host: string;
  bpffs: string;
  dataDir: string;
  output: 'text' | 'json' | Extra;
  color: boolean;
}

/** The host that a command is about, and its state files. */
export function lookOptions({ state: stateDir, host, bpffs, dataDir }: CommonOptions): LookOptions {
  return { bpffs, dataDir, from: { stateDir, host } };
}

/** What may be said; some of it has no default. */
export type Given = Partial<CommonOptions<ExtraFormat>> & { config?: string; allowForeignOwner?: boolean };

/** `./state` where there is one, else the directory that packages use. */
function defaultState(): string {
  return existsSync('state') ? 'state' : '/etc/xdpkeep/state';
}

/** On the program itself, so that they may stand before the command and after it. */
export function addCommonOptions(program: Command): Command {
  return program
    .addOption(
      new Option('--state <dir>', 'state directory (default: ./state, then /etc/xdpkeep/state)')
        .env('XDPKEEP_STATE')
        .argParser(notEmpty),
    )
    .addOption(
      new Option('--config <file>', 'config file (default: /etc/xdpkeep/config.yaml, if it is there)')
        .env('XDPKEEP_CONFIG')
        .argParser(notEmpty),
    )
    .addOption(
      new Option('--host <name>', 'which Host file is for this machine (default: its hostname)')
        .env('XDPKEEP_HOST')
        .argParser(notEmpty),
    )
    .addOption(
      new Option('--bpffs <dir>', 'the bpffs mount')
        .env('XDPKEEP_BPFFS')
        .default('/sys/fs/bpf')
        .argParser(notEmpty),
    )
    .addOption(
      new Option('--data-dir <dir>', 'journal, generations, objects')
        .env('XDPKEEP_DATA_DIR')
        .default('/var/lib/xdpkeep')
        .argParser(notEmpty),
    )
    .addOption(
      new Option(
        '--output <format>',
        'output format; junit of test, sarif of lint and markdown of diff alone',
      )
        .env('XDPKEEP_OUTPUT')
        .choices(['text', 'json', ...EXTRA_FORMATS])
        .default('text'),
    )
    .addOption(
      new Option(
        '--allow-foreign-owner',
        'as root: accept state files, plans and directories that another user owns or may write to; for development',
      ).env('XDPKEEP_ALLOW_FOREIGN_OWNER'),
    )
    .addOption(new Option('--no-color', 'no colour (NO_COLOR does the same)').env('XDPKEEP_NO_COLOR'))
    .addOption(
      new Option('--no-input', 'never ask (nothing asks today; for scripts that want to be sure)').env(
        'XDPKEEP_NO_INPUT',
      ),
    );
}

/** An empty path would be the working directory, which nobody meant by it. */
function notEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('It is empty.');
  return value;
}

/** A variable of ours that is set to nothing is as good as unset: unit files and CI jobs set such. */
export function forgetEmptyVariables(): void {
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith('XDPKEEP_') && value === '') Reflect.deleteProperty(process.env, name);
  }
}

/** How an error is to look. It may come before the options are read, or be about them. */
export function errorOutput(argv: readonly string[]): { json: boolean; color: boolean } {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const said = own.flatMap((arg, at) => {
    if (arg === '--output') return [own[at + 1] ?? ''];
    return arg.startsWith('--output=') ? [arg.slice('--output='.length)] : [];
  });
  const { NO_COLOR, XDPKEEP_NO_COLOR, XDPKEEP_OUTPUT } = process.env;
  return {
    json: (said.at(-1) ?? XDPKEEP_OUTPUT) === 'json',
    color: process.stderr.isTTY && !NO_COLOR && XDPKEEP_NO_COLOR === undefined && !own.includes('--no-color'),
  };
}

/** What was said: on the command line, in the environment, in the config file. */
export function readGiven(command: Command): Given {
  return command.optsWithGlobals<Given>();
}

/**
 * Fills in the defaults that depend on the machine. Throws a UsageError for an output format that is not text, JSON or
 * `extra`.
 */
export function readCommon(command: Command): CommonOptions;
export function readCommon<Extra extends ExtraFormat>(command: Command, extra: Extra): CommonOptions<Extra>;
export function readCommon(command: Command, extra?: ExtraFormat): CommonOptions<ExtraFormat> {
  const given = readGiven(command);
  return {
    state: given.state ?? defaultState(),
    host: given.host ?? hostname(),
    bpffs: given.bpffs ?? '/sys/fs/bpf',
    dataDir: given.dataDir ?? '/var/lib/xdpkeep',
    output: readFormat(given.output ?? 'text', command.name(), extra),
    color: given.color !== false && process.stdout.isTTY && !process.env['NO_COLOR'],
  };
}

function readFormat(format: Format, command: string, extra: ExtraFormat | undefined): Format {
  const formats = ['text', 'json', ...(extra === undefined ? [] : [extra])];
  if (formats.includes(format)) return format;
  throw new UsageError(`${command} has no output format ${format}`, {
    hint: `Name one of: ${formats.join(', ')}.`,
  });
}
