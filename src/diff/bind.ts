// A policy that redirects names interfaces; the program knows only their numbers. So the numbers are part of the
// identity of an instance: a target that was made anew makes another instance.
import type { DesiredProgram } from '../model/desired.js';
import type { ObservedInterface } from '../model/observed.js';

/** The program as an instance on this host, or the name of a redirect target that is not there. */
export function bindProgram(
  program: DesiredProgram,
  interfaces: readonly ObservedInterface[],
): DesiredProgram | string {
  const targets = new Set(
    program.firewall?.policy.rules.flatMap(({ action }) => ('interface' in action ? [action.interface] : [])),
  );
  const numbers: number[] = [];
  for (const target of [...targets].sort()) {
    const found = interfaces.find(({ name }) => name === target);
    if (!found) return target;
    numbers.push(found.ifindex);
  }
  return numbers.length === 0 ? program : { ...program, digest: [program.digest, ...numbers].join('-') };
}
