// Drift: an interface does not run any more what was brought into effect there, though nobody wanted it changed.

/** What to do about drift that somebody made by hand. */
export type DriftPolicy = 'enforce' | 'warn';

/**
 * `detached`: our link is gone, with its pin or without. `replaced`: another program is in its place. `pins`: pins beside
 * the link were removed or exchanged. `edited`: the program or its tables are not what they
 * were made of. `re-created`: the interface was deleted and made again. `rebooted`: the machine was.
 */
export type DriftCause = 'detached' | 'replaced' | 'pins' | 'edited' | 're-created' | 'rebooted';

/** What the journal says was brought into effect on an interface last. */
export interface Installed {
  digest: string;
  /** boot_id of when that was. */
  boot: string;
  ifindex: number;
  generation: number;
}

/** So many heals of the same thing ... */
export const MOST_HEALS = 3;
/** ... within so many seconds are a fight, ... */
export const FIGHT_SECONDS = 600;
/** ... and it rests for so many seconds after the last one. */
export const REST_SECONDS = 3600;

/** Did somebody do it? A machine that boots and an interface that is made anew do so by themselves. */
export function isByHand(cause: DriftCause): boolean {
  return cause !== 're-created' && cause !== 'rebooted';
}
