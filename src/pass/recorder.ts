// The recorder: the program at the egress hook that records what leaves. It is that of this build, as the program of a policy is, and no
// state file names it.
import { readBuiltin } from '../desired/programs/builtins.js';
import { sha256 } from '../disk/sha256.js';
import { sizeMark } from '../model/connections.js';
import { asksAboutConnections, connectionSettings, type DesiredState } from '../model/desired.js';
import type { WantedRecorder } from '../plan/context.js';
import type { ShippedProgram } from '../prove/egress.js';

export function readRecorder(): ShippedProgram {
  return readBuiltin('egress');
}

/** What is to record on this host; `undefined` where no rule asks about connections. */
export function wantedRecorder(desired: DesiredState): WantedRecorder | undefined {
  if (!asksAboutConnections(desired)) return undefined;
  const connections = connectionSettings(desired);
  const parts = [sha256(readRecorder().bytes).slice(0, 16), sizeMark(connections) ?? []].flat();
  return { digest: parts.join('-'), connections };
}
