// How one value of a field is written in a state file, as data: src/desired/notation-schema.ts makes schemas of it, and
// written-value.ts here writes values back. A value is a number, a text or a map in YAML, so that each notation may be
// told from a list of several.

/** Words for numbers. */
type Names = Readonly<Record<string, number>>;

export type Notation =
  /** One number, from `from` on (default 0), or its name. */
  | { kind: 'number'; from?: number; to: number; names?: Names }
  /** Like `number`, but the value is the range of that one number. */
  | { kind: 'exact'; to: number; names: Names }
  /** A number, `a-b` inclusive, or the name of a service, which becomes `{portName}`. */
  | { kind: 'port'; to: number }
  /** A number, `a-b` inclusive, or a name. */
  | { kind: 'range'; to: number; names?: Names }
  /** Like `range`, with names whose numbers depend on other fields of the match: a name becomes `{icmpName}`. */
  | { kind: 'named-range'; to: number; names: readonly string[] }
  /** A number, or one word for what has none; `what` names such a number in messages, `below` says why none is less than `from`. */
  | { kind: 'number-or-word'; from: number; to: number; word: string; what: string; below: string }
  | { kind: 'word'; words: readonly [string, ...string[]] }
  /** 4, 6, ipv4 or ipv6. */
  | { kind: 'family' }
  /** One address. */
  | { kind: 'address' }
  /** An address, a network, {list: NAME} or {network: NAME}. */
  | { kind: 'network' }
  | { kind: 'mac' }
  /** `{syn: true, ack: false}`: set, clear, or either where it is not named; bit by name. */
  | { kind: 'flags'; bits: Names }
  /** VLAN ids, the outer one first: a number, or a list of at most two. */
  | { kind: 'tags'; to: number };

declare const means: unique symbol;

/** A notation whose values mean a T. */
export type NotationOf<T> = Notation & { readonly [means]?: T };

/** Says what the values of a notation mean. The compiler holds it against the field that is written so. */
export function notation<T>(written: Notation): NotationOf<T> {
  return written;
}
