// The flags of one change, which several commands have: each names the safety that it is about.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../text/duration.js';

/** Those of a whole pass; `dryRun` says what a dry run does. */
export function addPassFlags(command: Command, dryRun: string): Command {
  return command
    .option('--dry-run', dryRun)
    .option('--detailed-exitcode', 'exit 2 when changes are pending or were made')
    .option(
      '--retry',
      'try now what waits: what failed lately and costs a gap, native where it is possible again, drift that stalled or is only reported',
    )
    .option('--deep', 'compare the programs, tables and sets in the kernel too, not their names alone')
    .addOption(confirmWithin())
    .addOption(acceptLockout())
    .addOption(allowPruneAll())
    .addOption(metricsFile());
}

export function confirmWithin(): Option {
  const help = 'undo the change unless it is confirmed in this time, e.g. 2m';
  return new Option('--confirm-within <time>', help).argParser((text) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= 5000 && ms <= 86_400_000) return ms;
    throw new InvalidArgumentError('It must be a time from 5s to 24h, like 30s, 2m or 1h.');
  });
}

export function acceptLockout(): Option {
  return new Option('--accept-lockout', 'make a change though it drops a flow that must live');
}

export function allowPruneAll(): Option {
  const help = 'detach also what looks like an accident: everything, or most of it';
  return new Option('--allow-prune-all', help);
}

function metricsFile(): Option {
  const help =
    'write figures for node_exporter there after the pass, e.g. /var/lib/prometheus/node-exporter/xdpkeep.prom';
  return new Option('--metrics-file <file>', help).env('XDPKEEP_METRICS_FILE');
}
