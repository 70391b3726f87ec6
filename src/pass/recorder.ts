// The recorder: the program at the egress hook that records what leaves. It is that of this build, as the program of a policy is, and no
// state file names it.
import { readBuiltin } from '../desired/programs/builtins.js';
import { sha256 } from '../disk/sha256.js';
import { asksAboutConnections, type DesiredState } from '../model/desired.js';
import type { ShippedProgram } from '../prove/egress.js';

export function readRecorder(): ShippedProgram {
  return readBuiltin('egress');
}

/** Digest of the program that is to record on this host; `undefined` where no rule asks about connections. */
export function wantedRecorder(desired: DesiredState): string | undefined {
  return asksAboutConnections(desired) ? sha256(readRecorder().bytes).slice(0, 16) : undefined;
}
