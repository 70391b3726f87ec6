// The values that fields of policies have, from how they are written to numbers. A list of values may stand wherever
// one may; several kinds of one value differ by their type in YAML, so that a wrong one gets one clear message.
import * as z from 'zod';
import type { Cidr } from '../../addresses/cidr.js';
import type { Range, TcpFlags } from '../../model/policy.js';
import { didYouMean, valueMeant } from '../advice/meant.js';
import { refuseMapped } from '../../addresses/mapped.js';
import { parseAddress, parseCidr } from '../../addresses/parse.js';
import type { Problem } from '../../text/wording.js';
import { quote } from '../../text/wording.js';

/** A name that is also a file name: no characters from which a path could be made. */
export const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;
export const FILE_NAME_RULE = 'must be letters, digits, ".", "_" and "-", 253 at most';

/** Hands a problem on to explain.ts, which adds the place. */
export function toIssue(
  { message, ...params }: Problem,
  input: unknown,
): { code: 'custom'; message: string; params: object; input: unknown } {
  return { code: 'custom', message, params, input };
}

/**
 * A field that may be left out. `z.exactOptional` means the same, and parses `undefined` in full for each field that is
 * not there: of a rule most are not. Its only difference, a field that is there and undefined, YAML cannot write.
 */
export function mayBeAbsent<T extends z.ZodType>(field: T): z.ZodExactOptional<T> {
  return z.optional(field) as z.ZodType as z.ZodExactOptional<T>;
}

/** Text that is converted or refused. `meta` is its JSON schema, which conversions vanish from. */
export function textValue<T extends object | number | string>(
  convert: (text: string) => T | Problem,
  meta: { pattern?: string; enum?: string[]; anyOf?: object[]; description?: string } = {},
): z.ZodType<T, string> {
  return z
    .string()
    .meta(meta)
    .transform((text, context): T => {
      const value = convert(text);
      if (!isProblem(value)) return value;
      context.issues.push(toIssue(value, text));
      return z.NEVER;
    });
}

function isProblem(value: object | number | string): value is Problem {
  return typeof value === 'object' && 'message' in value;
}

/** One value or a list of them, as a list. */
export function oneOrMany<T, I>(item: z.ZodType<T, I>): z.ZodType<T[], I | I[]> {
  const list = z.array(item).min(1, 'must not be an empty list');
  return z.union([item.transform((value) => [value]), list]);
}

export function wholeNumber(from: number, to: number): z.ZodInt {
  const message = `must be a whole number from ${from} to ${to}`;
  return z.int().min(from, message).max(to, message);
}

/** A name of the table or, where `to` is given, a number. */
export function namedNumber(
  names: Readonly<Record<string, number>>,
  to: number,
): z.ZodType<number, number | string> {
  return z.union([
    wholeNumber(0, to),
    textValue((text) => names[text] ?? unknownName(text, Object.keys(names), to), {
      enum: Object.keys(names),
    }),
  ]);
}

/** Where a number from 0 to `to` or a name may stand. */
export function unknownName(text: string, names: readonly string[], to: number): Problem {
  const hint = didYouMean(valueMeant(text, names));
  const message = `must be a number from 0 to ${to} or one of ${names.join(', ')}, not ${quote(text)}`;
  return hint === undefined ? { message } : { message, hint };
}

export const RANGE_PATTERN = String.raw`^\d+(-\d+)?$`;

/** A number, `a-b` inclusive. */
export function range(to: number): z.ZodType<Range, number | string> {
  return z.union([
    wholeNumber(0, to).transform((number) => ({ from: number, to: number })),
    textValue((text) => parseRange(text, to), { pattern: RANGE_PATTERN }),
  ]);
}

/** Where one writes `!22`. */
const UNDER_NOT = 'Write what a packet does not have under `not`: not: {destinationPort: 22}.';

export function parseRange(text: string, to: number): Range | Problem {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  if (!match || first > to || last > to) {
    const message = `must be a number from 0 to ${to}, or a range like 10-20, not ${quote(text)}`;
    return text.startsWith('!') ? { message, hint: UNDER_NOT } : { message };
  }
  if (first <= last) return { from: first, to: last };
  const message = `must go from the smaller number to the larger one, not ${quote(text)}`;
  return { summary: 'inverted range', message, hint: `Write ${last}-${first}.` };
}

export const cidr: z.ZodType<Cidr, string> = textValue((text) => refuseMapped(parseCidr(text)), {
  description: 'An IPv4 or IPv6 address, or a network like 192.0.2.0/24.',
});

export const address: z.ZodType<Cidr, string> = textValue((text) => refuseMapped(parseAddress(text)), {
  description: 'An IPv4 or IPv6 address.',
});

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;

export const mac: z.ZodType<number, string> = textValue<number>(
  (text) =>
    MAC.test(text)
      ? parseInt(text.replaceAll(':', ''), 16)
      : { message: `must be a MAC address like 02:00:00:00:00:01, not ${quote(text)}` },
  { pattern: '^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$' },
);

const FAMILIES = { '4': 4, ipv4: 4, '6': 6, ipv6: 6 } as const;

export const family: z.ZodType<4 | 6, 4 | 6 | 'ipv4' | 'ipv6'> = z
  .literal([4, 6, 'ipv4', 'ipv6'])
  .transform((name) => FAMILIES[name]);

/** `{syn: true, ack: false}`: set, clear; flags that are not named may be either. `bits`: that of each name. */
export function flagsOf(
  bits: Readonly<Record<string, number>>,
): z.ZodType<TcpFlags, Record<string, boolean>> {
  const fields = Object.fromEntries(Object.keys(bits).map((name) => [name, mayBeAbsent(z.boolean())]));
  return z.strictObject(fields).transform((flags) => {
    const sum = (wanted: (set: boolean) => boolean): number =>
      Object.entries(bits).reduce((mask, [name, bit]) => {
        const set = flags[name];
        return set !== undefined && wanted(set) ? mask | bit : mask;
      }, 0);
    return { mask: sum(() => true), value: sum((set) => set) };
  });
}
