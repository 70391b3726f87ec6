// Random policies and packets that have to do with each other: both draw from one small pool of values, so that most
// packets agree with some rules and nearly agree with more. One seed, one sequence.
import type { Cidr } from '../../src/addresses/cidr.js';
import {
  type Action,
  type AddressSet,
  type ConnectionState,
  type ExtensionHeader,
  type FieldName,
  type Match,
  type PacketDescription,
  type Policy,
  type Range,
  type RateLimit,
  REJECT_CODES,
  type RejectCode,
  type Rule,
} from '../../src/model/policy.js';
import { FIELD_NAMES, FIELDS } from '../../src/policy/fields/registry.js';
import { addressSet as addressSetOf } from '../support/addresses.js';

const AT = { file: 'random.yaml', line: 1, column: 1 };

export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** mulberry32: 0 to `below` - 1. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new RangeError('nothing to pick from');
    return one;
  }

  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: 1 + this.below(most) }, make);
  }
}

/** An address near others: the same few prefixes, with few different bits below them. */
function address(random: Random, family: 4 | 6): Cidr {
  const nearby = (): number => random.pick([0, 1, 2, 0x80000000, 0xffffffff, 0x00ff0000, 0x0000ff00]);
  if (family === 4) {
    const a =
      (random.pick([0x0a000000, 0x0a010200, 0xc0a80000, 0xcb007100]) |
        random.below(1 << random.pick([1, 8, 20]))) >>>
      0;
    return { family, a, b: 0, c: 0, d: 0, length: 32 };
  }
  const a = random.pick([0x20010db8, 0x20010db9, 0xfe800000, 0x2a020000]);
  return { family, a, b: nearby(), c: nearby(), d: nearby(), length: 128 };
}

function masked(cidr: Cidr, length: number): Cidr {
  const word = (value: number, at: number): number => {
    const bits = Math.min(32, Math.max(0, length - at));
    return bits === 0 ? 0 : (value & (0xffffffff << (32 - bits))) >>> 0;
  };
  return {
    ...cidr,
    a: word(cidr.a, 0),
    b: word(cidr.b, 32),
    c: word(cidr.c, 64),
    d: word(cidr.d, 96),
    length,
  };
}

export function randomNetwork(random: Random): Cidr {
  const family = random.pick([4, 6] as const);
  return masked(address(random, family), random.below(family === 4 ? 33 : 129));
}

function addressSet(random: Random): AddressSet {
  return addressSetOf(random.some(random.pick([1, 3, 12]), () => randomNetwork(random)));
}

function ranges(random: Random, values: readonly number[], top: number): Range[] {
  return random.some(3, () => {
    const from = random.pick(values);
    return random.chance(50) ? { from, to: from } : { from, to: Math.min(top, from + random.below(300)) };
  });
}

function exactly(random: Random, values: readonly number[], most: number): Range[] {
  return random.some(most, () => random.pick(values)).map((value) => ({ from: value, to: value }));
}

/** Percent of matches that ask for a field; what is not here, WIDE and in some matches WIDER. */
const ASKED: Partial<Record<FieldName, number>> = {
  ...{ protocol: 60, icmpType: 10, icmpCode: 5, tcpFlags: 10, fragment: 10, length: 5, ttl: 5, dscp: 5 },
  ...{ vlan: 5, etherType: 4, sourceMac: 4, destinationMac: 4 },
};
const [WIDE, WIDER] = [22, 60];

/** Values that a match may ask for, of what the field has for tests. */
function asked(random: Random, name: FieldName): unknown {
  const { inMatch, samples } = FIELDS[name];
  const numbers = samples.flat().filter((one) => typeof one === 'number');
  switch (inMatch.kind) {
    case 'exact':
      return random.chance(10) ? [{ from: 0, to: 100 }] : exactly(random, numbers, 2);
    case 'range':
    case 'named-range':
      return ranges(random, numbers, inMatch.to);
    case 'number-or-word':
      return random.some(2, () => random.pick([...numbers, inMatch.word]));
    case 'network':
      return addressSet(random);
    case 'flags':
      return random.some(2, () => tcpFlags(random));
    case 'family':
      return [random.pick(numbers)];
    case 'word':
    case 'mac':
      return random.some(2, () => random.pick<unknown>(samples));
    default:
      throw new TypeError(`a match has no ${inMatch.kind}`);
  }
}

export function randomMatch(random: Random): Match {
  const wide = random.chance(10) ? WIDER : WIDE;
  const fields = someFields(random, (name) => ASKED[name] ?? wide);
  if (!random.chance(WITH_NOT)) return fields;
  const not = someFields(random, (name) => (ASKED[name] ?? WIDE) / 2);
  return { ...fields, ...(Object.keys(not).length > 0 && { not }) };
}

/** Percent of matches that may leave something out. */
const WITH_NOT = 30;

function someFields(random: Random, percent: (name: FieldName) => number): Omit<Match, 'not'> {
  const names = FIELD_NAMES.filter((name) => random.chance(percent(name)));
  return Object.fromEntries(names.map((name) => [name, asked(random, name)]));
}

/** What a packet is taken for, where its description says so. */
export function takenFor({ connection }: PacketDescription): { connection?: ConnectionState } {
  return connection ? { connection } : {};
}

/** Protected flows never depend on what is remembered of connections. */
export function randomProtection(random: Random): Match {
  const match = randomMatch(random);
  delete match.connection;
  delete match.not?.connection;
  return match;
}

function tcpFlags(random: Random): { mask: number; value: number } {
  const mask = random.below(256);
  return { mask, value: mask & random.below(256) };
}

function action(random: Random): Action {
  if (random.chance(80)) return { kind: random.pick(['pass', 'drop'] as const) };
  if (random.chance(30)) return { kind: 'count' };
  if (random.chance(40))
    return { kind: 'reject', icmp: random.pick(Object.keys(REJECT_CODES) as RejectCode[]) };
  if (random.chance(40)) return { kind: 'tx' };
  return random.chance(70)
    ? { kind: 'redirect', interface: 'veth-scrub' }
    : { kind: 'redirect', cpu: random.below(2) };
}

function rateLimit(random: Random): RateLimit {
  const fill = random.pick([{ packetsPerSecond: 10 }, { packetsPerHour: 1 }, { bytesPerSecond: 10_000 }]);
  const per = random.pick(['rule', 'source', 'destination'] as const);
  const prefix = { ipv4: random.below(33), ipv6: random.below(129) };
  return { ...fill, burst: 5, per, prefix, ...(random.chance(50) && { when: 'below' }) };
}

/** `now` divides deadlines into those that are over and those that are far ahead. */
function rule(random: Random, index: number, now: number): Rule {
  const made: Rule = { name: `rule-${index}`, match: randomMatch(random), action: action(random), at: AT };
  if (random.chance(4)) made.until = now + (random.chance(50) ? -1 : 1) * 3_600_000;
  if (random.chance(3)) made.rateLimit = rateLimit(random);
  if (random.chance(3)) made.log = { oneIn: 1 };
  return made;
}

export function randomPolicy(random: Random, rules: number, now: number): Policy {
  return {
    name: 'random',
    default: random.pick(['pass', 'drop'] as const),
    rules: Array.from({ length: rules }, (_, index) => rule(random, index, now)),
    fragments: random.pick(['match', 'match', 'drop', 'pass'] as const),
    malformed: random.pick(['drop', 'pass'] as const),
    nonIp: random.pick(['pass', 'drop', 'match'] as const),
    neighborDiscovery: random.pick(['pass', 'match'] as const),
    mode: random.chance(10) ? 'audit' : 'enforce',
    tests: [],
    at: AT,
  };
}

function extension(random: Random): ExtensionHeader {
  const kind = random.pick(['hop-by-hop', 'destination-options', 'routing', 'ah', 'fragment'] as const);
  if (kind === 'fragment') return { kind, offset: random.pick([0, 0, 1, 185]), more: random.chance(50) };
  return { kind, bytes: kind === 'ah' ? random.pick([12, 16, 24]) : random.pick([8, 8, 16, 40]) };
}

/** Percent of packets that are told to have a field; all of them where it is not here. */
const TOLD: Partial<Record<FieldName, number>> = { vlan: 15, etherType: 5, fragment: 15, length: 10 };

export function randomPacket(random: Random): PacketDescription {
  const family = random.pick([4, 6] as const);
  const value = (name: FieldName): unknown => {
    const { inPacket, samples } = FIELDS[name];
    if (inPacket.kind === 'address') return address(random, family);
    if (inPacket.kind === 'flags') return random.below(256);
    return name === 'protocol' && random.chance(5) ? random.below(256) : random.pick<unknown>(samples);
  };
  const names = FIELD_NAMES.filter((name) => random.chance(TOLD[name] ?? 100));
  const packet: PacketDescription = Object.fromEntries(names.map((name) => [name, value(name)]));
  packet.family = family;
  if (random.chance(15)) packet.ipv4Options = 4 * (1 + random.below(10));
  if (random.chance(30)) packet.extensions = random.some(random.chance(10) ? 10 : 3, () => extension(random));
  return packet;
}

/** Breaks a frame: cut, flipped, or with bytes put where a header says how long it is. The kernel takes 14 or more. */
export function broken(random: Random, frame: Uint8Array): Uint8Array {
  let bytes = frame.slice();
  for (let blow = random.below(3); blow >= 0; blow--) {
    const at = random.below(Math.min(bytes.length, 110));
    if (random.chance(30)) bytes = bytes.slice(0, Math.max(14, at));
    else if (random.chance(30))
      bytes[at] = random.pick([0, 1, 5, 6, 17, 44, 51, 60, 0x45, 0x60, 0x46, 0x44, 0xff]);
    else bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  }
  return bytes;
}
