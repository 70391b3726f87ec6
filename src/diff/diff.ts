// What differs between the wanted and the observed state, interface by interface. Decides nothing about what to do.
import { goesBy, type Named } from '../model/altnames.js';
import type { DesiredInterface, DesiredProgram, DesiredState } from '../model/desired.js';
import type { Difference } from '../model/difference.js';
import { isGlob, matchesInterface } from '../text/glob.js';
import type { ObservedInterface, ObservedState } from '../model/observed.js';
import { bindProgram } from './bind.js';
import { wantsFrags } from './frags.js';
import { linkStateOf } from './link-state.js';
import { boundToLink } from './no-ethernet.js';

/**
 * One Difference for every interface that is wanted or owned, in the order of the state file, then by name.
 * A wanted pattern with `*` covers interfaces that exist; a wanted literal name is there even when they do not.
 */
export function diff(desired: DesiredState, observed: ObservedState): Difference[] {
  const names = new Set([
    ...desired.interfaces.flatMap(({ pattern }) => covered(pattern, observed)),
    ...observed.owned.map(({ name }) => name).sort(),
  ]);
  return [...names].map((name) => difference(name, desired, observed));
}

interface Wants<T extends { pattern: string }> {
  interfaces: readonly T[];
}

/**
 * What is wanted for an interface: one of its names wins over patterns, an earlier pattern over a later one. Patterns cover
 * interfaces by the name alone: an altname that something gives them puts no program there.
 */
export function wantedFor<T extends { pattern: string }>(desired: Wants<T>, one: Named): T | undefined {
  return (
    namedAs(desired, one)[0] ?? desired.interfaces.find(({ pattern }) => matchesInterface(pattern, one.name))
  );
}

/** The entries that name it; more than one is an error. */
export function namedAs<T extends { pattern: string }>({ interfaces }: Wants<T>, one: Named): T[] {
  return interfaces.filter(({ pattern }) => goesBy(one, pattern));
}

function covered(pattern: string, observed: ObservedState): string[] {
  if (!isGlob(pattern)) return [observed.interfaces.find((one) => goesBy(one, pattern))?.name ?? pattern];
  return observed.interfaces
    .map(({ name }) => name)
    .filter((name) => matchesInterface(pattern, name))
    .sort();
}

function difference(name: string, desired: DesiredState, state: ObservedState): Difference {
  const observed = state.interfaces.find((one) => one.name === name);
  const owned = state.owned.find((one) => one.name === name);
  const entry = wantedFor(desired, observed ?? { name });
  const entries = observed ? namedAs(desired, observed) : [];
  const where = linkStateOf(observed, owned);
  const frags = entry !== undefined && wantsFrags(entry.mode, observed, owned, where);
  const program = entry && bindProgram(entry.program, state.interfaces, owned, frags, desired.connections);
  const ours = where.kind === 'attached' ? where.attachment : undefined;
  return {
    interface: name,
    // A pattern asks for interfaces that exist: what a deleted one left behind is not wanted any more.
    ...(entry && (observed ?? !isGlob(entry.pattern)) && { wanted: bound(entry, program, observed) }),
    ...(entries.length > 1 && { namedTwice: entries }),
    ...(typeof program === 'string' && { missingTarget: program }),
    ...(observed && { observed }),
    ...(owned && { owned }),
    linkState: where,
    foreign: observed?.xdp.filter((attachment) => attachment !== ours) ?? [],
  };
}

function bound(
  entry: DesiredInterface,
  program: DesiredProgram | string | undefined,
  observed: ObservedInterface | undefined,
): DesiredInterface {
  return typeof program === 'object' ? { ...entry, program: boundToLink(program, observed) } : entry;
}
