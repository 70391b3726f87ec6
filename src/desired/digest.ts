// Names by content: what makes two objects, two instances or two desired states the same.
import { sha256 } from '../disk/sha256.js';
import { canonicalJson } from '../model/canonical-json.js';
import type { DesiredInterface } from '../model/desired.js';

/** `DesiredProgram.digest`: names the instance on bpffs. 64 bits are plenty for the instances of one interface. */
export function digestInstance(object: string, function_: string): string {
  return sha256(canonicalJson({ object, function: function_ })).slice(0, 16);
}

/** `DesiredState.digest`: positions are left out, so that a moved line or a comment changes nothing. */
export function digestState(host: string, interfaces: DesiredInterface[]): string {
  const wanted = interfaces.map(({ pattern, mode, foreign, program }) => ({
    pattern,
    mode,
    foreign,
    program: { ...program },
  }));
  return sha256(canonicalJson({ host, interfaces: wanted }));
}
