// Every kind of step as a way from one state of an interface to another, with the effects that it is made of. The tests of
// crashes and failures walk them there and back, so that each case ends where the next one starts.
import { EFFECTS, type Effect, type TrialEffect } from '../../src/apply/failpoint.js';
import { ICMP_DROP, OWN } from './host.js';

/** What the Host file wants, and what is to be seen when it has been done. */
export interface State {
  /** What the interface is called; `veth0` when absent. */
  device?: string;
  interfaces: Record<string, string>;
  /** The program on the interface; absent when there is none. */
  runs?: { whose: 'ours' | 'foreign'; name: string; mode: 'driver' | 'generic' };
  /** Pins below our directory, the digest left out. */
  pins: string[];
}

export interface Transition {
  name: string;
  from: State;
  to: State;
  /** In the order in which they take place. */
  effects: Effect[];
  /** Once this one is through, the new state is in effect. */
  decisive: Effect;
}

export interface RoundTrip {
  name: string;
  there: Transition;
  back: Transition;
  /** A program that is not ours is on the interface to begin with. */
  foreign: boolean;
  /** Maps are carried over both ways: the count of dropped packets never falls. */
  carries: boolean;
}

const INSTANCE = [
  'interfaces/veth0/<digest>/maps/icmp_drops',
  'interfaces/veth0/<digest>/program',
  'interfaces/veth0/link',
];
const KEPT = ['foreign/veth0', 'foreign/veth0%mode'];

const BARE: State = { interfaces: {}, pins: [] };
const STRANGER: State = {
  interfaces: {},
  runs: { whose: 'foreign', name: 'icmp_drop', mode: 'generic' },
  pins: [],
};
const NATIVE: State = {
  interfaces: { veth0: `mode: native, program: ${ICMP_DROP}` },
  runs: { whose: 'ours', name: 'icmp_drop', mode: 'driver' },
  pins: INSTANCE,
};
const GENERIC: State = {
  interfaces: { veth0: `mode: generic, program: ${ICMP_DROP}` },
  runs: { whose: 'ours', name: 'icmp_drop', mode: 'generic' },
  pins: INSTANCE,
};
const OTHER: State = {
  interfaces: { veth0: `mode: native, program: ${OWN}` },
  runs: { whose: 'ours', name: 'own', mode: 'driver' },
  pins: ['interfaces/veth0/<digest>/maps/extra', ...INSTANCE],
};
const TAKEN: State = {
  interfaces: { veth0: `mode: native, foreign: replace, program: ${ICMP_DROP}` },
  runs: { whose: 'ours', name: 'icmp_drop', mode: 'driver' },
  pins: [...KEPT, ...INSTANCE],
};

/** The same after the interface was renamed, and the Host file with it. */
export function onWan0(state: State): State {
  const wan0 = state.interfaces['veth0'];
  return {
    ...state,
    device: 'wan0',
    interfaces: wan0 === undefined ? {} : { wan0 },
    pins: state.pins.map((pin) => pin.replace('veth0', 'wan0')),
  };
}

const RENAMED = onWan0(NATIVE);

const UPDATE: Effect[] = ['generation', 'intent', 'pin', 'swap', 'verify', 'clean', 'outcome'];
/** Both modes run the one instance that is pinned already. */
const CHANGE_MODE: Effect[] = ['generation', 'intent', 'drop-link', 'link', 'verify', 'clean', 'outcome'];

const RENAME: Effect[] = ['generation', 'intent', 'move', 'verify', 'outcome'];

export const ROUND_TRIPS: RoundTrip[] = [
  {
    name: 'attach and detach',
    there: {
      name: 'attach',
      from: BARE,
      to: NATIVE,
      effects: ['generation', 'intent', 'pin', 'link', 'verify', 'clean', 'outcome'],
      decisive: 'link',
    },
    back: {
      name: 'detach',
      from: NATIVE,
      to: BARE,
      effects: ['generation', 'intent', 'drop-link', 'verify', 'clean', 'outcome'],
      decisive: 'drop-link',
    },
    foreign: false,
    carries: false,
  },
  {
    name: 'update',
    there: { name: 'update', from: NATIVE, to: OTHER, effects: UPDATE, decisive: 'swap' },
    back: { name: 'update back', from: OTHER, to: NATIVE, effects: UPDATE, decisive: 'swap' },
    foreign: false,
    carries: true,
  },
  {
    name: 'change of mode',
    there: { name: 'to generic', from: NATIVE, to: GENERIC, effects: CHANGE_MODE, decisive: 'link' },
    back: { name: 'to native', from: GENERIC, to: NATIVE, effects: CHANGE_MODE, decisive: 'link' },
    foreign: false,
    carries: true,
  },
  {
    name: 'rename',
    there: { name: 'rename', from: NATIVE, to: RENAMED, effects: RENAME, decisive: 'move' },
    back: { name: 'rename back', from: RENAMED, to: NATIVE, effects: RENAME, decisive: 'move' },
    foreign: false,
    carries: true,
  },
  {
    name: 'take-over and give-back',
    there: {
      name: 'take over',
      from: STRANGER,
      to: TAKEN,
      effects: ['generation', 'intent', 'pin', 'take-over', 'link', 'verify', 'clean', 'outcome'],
      decisive: 'link',
    },
    back: {
      name: 'give back',
      from: TAKEN,
      to: STRANGER,
      effects: ['generation', 'intent', 'drop-link', 'give-back', 'verify', 'clean', 'outcome'],
      decisive: 'drop-link',
    },
    foreign: true,
    carries: false,
  },
];

/** `swap:before`. */
export type Point = `${Effect | TrialEffect}:${'before' | 'after'}`;

export interface Case {
  transition: Transition;
  effect: Effect;
  point: Point;
  /** Whether the new state is in effect at this point. */
  inEffect: boolean;
}

/** A case on each side of every effect, there and back in turn for as long as both have any. */
export function casesOf({ there, back }: RoundTrip): Case[] {
  const [forth, home] = [there, back].map(pointsOf);
  return zip(forth ?? [], home ?? []);
}

/** Effects that no step of this transition has. */
export function othersThan({ effects }: Transition): Effect[] {
  return EFFECTS.filter((effect) => !effects.includes(effect));
}

function pointsOf(transition: Transition): Case[] {
  const decided = transition.effects.indexOf(transition.decisive);
  return transition.effects.flatMap((effect, at) => [
    { transition, effect, point: `${effect}:before` as const, inEffect: at > decided },
    { transition, effect, point: `${effect}:after` as const, inEffect: at >= decided },
  ]);
}

function zip<T>(left: T[], right: T[]): T[] {
  const length = Math.max(left.length, right.length);
  return Array.from({ length }, (_, at) => [left[at], right[at]].filter((one) => one !== undefined)).flat();
}
