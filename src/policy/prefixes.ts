// Networks as sorted lists: order, containment, and which rules hold inside each of them.
import type { Cidr } from '../model/policy.js';
import { withBit, type Classes } from './bits.js';

/** A network whose addresses (outside more specific ones) belong to class `number`. */
export interface ClassedPrefix {
  cidr: Cidr;
  number: number;
}

/** By address, a wider network before the narrower ones in it. */
export function compareCidrs(x: Cidr, y: Cidr): number {
  return x.a - y.a || x.b - y.b || x.c - y.c || x.d - y.d || x.length - y.length;
}

/** The first `length` bits of a word that starts at bit `at` of the address. */
export function maskWord(length: number, at: number): number {
  const bits = Math.min(32, Math.max(0, length - at));
  return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}

/** How many leading bits two addresses share, 0 to 128. */
export function commonBits(x: Cidr, y: Cidr): number {
  if (x.a !== y.a) return Math.clz32(x.a ^ y.a);
  if (x.b !== y.b) return 32 + Math.clz32(x.b ^ y.b);
  if (x.c !== y.c) return 64 + Math.clz32(x.c ^ y.c);
  return 96 + (x.d === y.d ? 32 : Math.clz32(x.d ^ y.d));
}

function contains(outer: Cidr, inner: Cidr): boolean {
  return (
    outer.family === inner.family && outer.length <= inner.length && commonBits(outer, inner) >= outer.length
  );
}

/**
 * Classes of the networks of one family. `members` are (network, rule) pairs in any order, `background` is the class
 * outside of all. Networks that change nothing against what surrounds them are left out.
 */
export function classifyPrefixes(
  members: { cidr: Cidr; rule: number }[],
  classes: Classes,
  background: number,
): ClassedPrefix[] {
  const sorted = members.toSorted((x, y) => compareCidrs(x.cidr, y.cidr));
  const known = new Map<string, number>(); // "class rule" -> class with that rule: large lists repeat one pair
  const result: ClassedPrefix[] = [];
  const around: ClassedPrefix[] = [];
  for (const { cidr, rule } of sorted) {
    while (around.length > 0 && !contains(around.at(-1)?.cidr ?? cidr, cidr)) around.pop();
    const outer = around.at(-1);
    const key = `${outer?.number ?? background} ${rule}`;
    let number = known.get(key);
    if (number === undefined) {
      number = classes.number(withBit(classes.at(outer?.number ?? background), rule));
      known.set(key, number);
    }
    if (outer?.cidr.length === cidr.length)
      outer.number = number; // the same network, one more rule
    else if (number !== (outer?.number ?? background)) {
      const prefix = { cidr, number };
      around.push(prefix);
      result.push(prefix);
    }
  }
  return result;
}
