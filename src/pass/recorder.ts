// The programs of this build, as a pass asks for them: that of a policy, and the recorder at the egress hook, which records what leaves. No
// state file names them.
import { readBuiltin, readFirewall } from '../desired/programs/builtins.js';
import { sha256 } from '../disk/sha256.js';
import { sizeMark } from '../model/connections.js';
import { asksAboutConnections, connectionSettings, type DesiredState } from '../model/desired.js';
import type { Policy } from '../model/policy.js';
import type { WantedRecorder } from '../plan/context.js';
import type { ShippedProgram } from '../prove/egress.js';

/** The program that a policy becomes for its packet tests: with the tables of the host where it asks about connections. */
export function objectOf(policy: Policy): Uint8Array {
  return readFirewall(policy).bytes;
}

export function readRecorder(): ShippedProgram {
  return readBuiltin('egress');
}

/** What is to record on this host; `undefined` where no rule asks about connections. */
export function wantedRecorder(desired: DesiredState): WantedRecorder | undefined {
  if (!asksAboutConnections(desired)) return undefined;
  const { max, timeouts, grace } = connectionSettings(desired);
  const connections = { max, timeouts, ...(grace !== undefined && { grace }) };
  const parts = [sha256(readRecorder().bytes).slice(0, 16), sizeMark(connections) ?? []].flat();
  return { digest: parts.join('-'), connections };
}
