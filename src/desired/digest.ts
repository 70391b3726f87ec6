// Names by content: what makes two objects, two instances or two desired states the same.
import { sha256 } from '../disk/sha256.js';
import { canonicalJson } from '../model/canonical-json.js';
import type { DesiredInterface, DesiredProgram } from '../model/desired.js';

/** `DesiredProgram.digest`: names the instance on bpffs. 64 bits are plenty for the instances of one interface. */
export function digestInstance(object: string, function_: string): string {
  return sha256(canonicalJson({ object, function: function_ })).slice(0, 16);
}

/** `DesiredState.digest`: positions are left out, so that a moved line or a comment changes nothing. */
export function digestState(host: string, interfaces: DesiredInterface[]): string {
  return digest(host, interfaces, ({ label, origin, function: function_, object }) => {
    return { label, origin, function: function_, object };
  });
}

/** `DesiredState.written` */
export function digestWritten(host: string, interfaces: DesiredInterface[]): string {
  return digest(host, interfaces, ({ written }) => written);
}

function digest(
  host: string,
  interfaces: DesiredInterface[],
  identify: (program: DesiredProgram) => unknown,
): string {
  const wanted = interfaces.map(({ pattern, mode, foreign, program }) => {
    return { pattern, mode, foreign, program: identify(program) };
  });
  return sha256(canonicalJson({ host, interfaces: wanted }));
}
