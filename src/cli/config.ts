// The config file on the command line: --config, else /etc/xdpkeep/config.yaml where it is there. What it says stands in
// for flags and variables that were not given.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { requireOwnTree } from '../disk/ownership.js';
import { DEFAULT_BPFFS } from '../kernel/bpffs.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import type { Config } from '../model/config.js';
import { permitExecProbes } from '../probe/permission.js';
import { readGiven } from './options.js';

const DEFAULT_FILE = '/etc/xdpkeep/config.yaml';
const DATA_DIR = '/var/lib/xdpkeep';

/** `undefined` when none is named and none is there. Throws an InvalidStateError. */
export async function readConfigOf(command: Command): Promise<Config | undefined> {
  const { config } = readGiven(command);
  if (config === undefined && !existsSync(DEFAULT_FILE)) return undefined;
  const { readConfig } = await import('../desired/config/config-file.js');
  return readConfig(resolve(config ?? DEFAULT_FILE));
}

/** The config file, where the state files are those of its source because nobody named a directory. */
export async function readFollowed(command: Command): Promise<Config | undefined> {
  if (command.getOptionValueSourceWithGlobals('state') !== 'config') return undefined;
  const config = await readConfigOf(command);
  return config?.source && config.state === undefined ? config : undefined;
}

/** `program` has the options that all commands have. The files of a git source are the state directory of all others. */
export async function applyConfig(program: Command, command: Command): Promise<void> {
  const config = await readConfigOf(command);
  permitExecProbes(config?.probes?.exec === 'allow');
  if (!config) return;
  const { host, bpffs, dataDir, source } = config;
  give(program, { host, bpffs, dataDir });
  const { adoptedStateDir } = await import('../source/adoption.js');
  const adopted = source && adoptedStateDir(readGiven(command).dataDir ?? DATA_DIR, source.path);
  give(program, { state: config.state ?? adopted });
}

/** Every command acts on the data directory and the pins, so their owner is checked first; state files are checked when they are read. */
export function requireOwnPlaces(command: Command): void {
  const { dataDir = DATA_DIR, bpffs = DEFAULT_BPFFS } = readGiven(command);
  for (const place of [dataDir, pinPathsOf(bpffs).root]) requireOwnTree(place);
}

function give(program: Command, values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    const said = program.getOptionValueSource(name);
    if (value !== undefined && (said === undefined || said === 'default')) {
      program.setOptionValueWithSource(name, value, 'config');
    }
  }
}
