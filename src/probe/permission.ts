// Whether commands that state files name may be run on this host: its own config file says so, and nothing else. Whoever may write
// a Host file would run what they like otherwise.
import { PermissionError } from '../model/errors.js';
import { type Probe, probeName } from '../model/safeguards.js';

let permitted = false;

/** Called once for each command line: what `probes: {exec: ...}` in the config file says. */
export function permitExecProbes(may: boolean): void {
  permitted = may;
}

export function mayRunExecProbes(): boolean {
  return permitted;
}

/** Throws a PermissionError for the first probe that runs a command, unless this host allows it. None is skipped. */
export function requirePermitted(probes: readonly Probe[]): void {
  const exec = probes.find(({ target }) => target.kind === 'exec');
  if (!exec || permitted) return;
  throw new PermissionError(
    `probe ${probeName(exec)} may not be run: this host allows no commands of state files`,
    {
      hint: 'Nothing was changed. Add the line `probes: {exec: allow}` to the config file of this host (/etc/xdpkeep/config.yaml), or remove the probe.',
    },
  );
}
