// Notations of fields (policy/fields/notation.ts) as schemas. What a field may be is said there; how a wrong value is refused, here.
import * as z from 'zod';
import type { Range } from '../../model/policy.js';
import type { IcmpName, PortName } from '../../policy/fields/field.js';
import type { Notation, NotationOf } from '../../policy/fields/notation.js';
import {
  address,
  cidr,
  family,
  FILE_NAME,
  FILE_NAME_RULE,
  flagsOf,
  mac,
  mayBeAbsent,
  namedNumber,
  parseRange,
  range,
  RANGE_PATTERN,
  SERVICE_NAME,
  textValue,
  toIssue,
  unknownName,
  wholeNumber,
} from './values.js';
import { checkFields } from '../yaml/check-fields.js';
import { type Problem, quote } from '../../text/wording.js';

const fileName = (of: string) => z.string().regex(FILE_NAME, FILE_NAME_RULE).describe(`Name of ${of}.`);

const reference = z
  .strictObject({
    list: mayBeAbsent(fileName('lists/<name>.txt')),
    network: mayBeAbsent(fileName('networks/<name>.yaml')),
  })
  .superRefine(
    ...checkFields<{ list?: string; network?: string }>(function* (names) {
      if (Object.keys(names).length !== 1)
        yield {
          fields: ['list', 'network'],
          ofMap: true,
          message: 'needs `list` or `network`, one of them',
          hint: 'Write {list: NAME} for lists/NAME.txt, or {network: NAME} for networks/NAME.yaml.',
        };
    }),
  )
  .meta({ oneOf: [{ required: ['list'] }, { required: ['network'] }] });

/** The schema of one value. */
export function notationSchema<T>(notation: NotationOf<T>): z.ZodType<T> {
  return schemaOf(notation) as z.ZodType<T>;
}

function schemaOf(notation: Notation): z.ZodType {
  const { kind } = notation;
  switch (kind) {
    case 'number':
      return notation.names
        ? namedNumber(notation.names, notation.to)
        : wholeNumber(notation.from ?? 0, notation.to);
    case 'exact':
      return namedNumber(notation.names, notation.to).transform(toRange);
    case 'range':
      return notation.names ? namedRange(notation.names, notation.to) : range(notation.to);
    case 'port':
      return port(notation.to);
    case 'named-range':
      return lateNamedRange(notation.names, notation.to);
    case 'number-or-word':
      return numberOrWord(notation);
    case 'word':
      return z.enum(notation.words);
    case 'family':
      return family;
    case 'address':
      return address;
    case 'network':
      return z.union([cidr, reference]);
    case 'mac':
      return mac;
    case 'flags':
      return flagsOf(notation.bits);
    case 'tags':
      return tags(notation.to);
  }
}

function toRange(number: number): Range {
  return { from: number, to: number };
}

function namedRange(names: Readonly<Record<string, number>>, to: number): z.ZodType {
  const parse = (text: string) => {
    const number = names[text];
    if (number !== undefined) return toRange(number);
    return /^\d/.test(text) ? parseRange(text, to) : unknownName(text, Object.keys(names), to);
  };
  const meta = { anyOf: [{ enum: Object.keys(names) }, { pattern: RANGE_PATTERN }] };
  return z.union([wholeNumber(0, to).transform(toRange), textValue<Range>(parse, meta)]);
}

/** Which service it is, files of services say. */
function port(to: number): z.ZodType {
  const parse = (text: string): Range | PortName | Problem =>
    SERVICE_NAME.test(text) ? { portName: text } : parseRange(text, to);
  const meta = { anyOf: [{ pattern: SERVICE_NAME.source }, { pattern: RANGE_PATTERN }] };
  return z.union([wholeNumber(0, to).transform(toRange), textValue<Range | PortName>(parse, meta)]);
}

function lateNamedRange(names: readonly string[], to: number): z.ZodType {
  const parse = (text: string) => {
    if (names.includes(text)) return { icmpName: text };
    return /^\d/.test(text) ? parseRange(text, to) : unknownName(text, names, to);
  };
  const meta = { anyOf: [{ enum: [...names] }, { pattern: RANGE_PATTERN }] };
  return z.union([wholeNumber(0, to).transform(toRange), textValue<Range | IcmpName>(parse, meta)]);
}

function numberOrWord(notation: Extract<Notation, { kind: 'number-or-word' }>): z.ZodType {
  const { from, to, word, what, below } = notation;
  const message = (written: string) => `must be ${what} from ${from} to ${to} or ${word}, not ${written}`;
  const parse = (text: string) => (text === word ? text : { message: message(quote(text)) });
  const number = wholeNumber(0, to)
    .superRefine((value, context) => {
      if (value < from) context.issues.push(toIssue({ message: message(`${value}`), hint: below }, value));
    })
    .meta({ minimum: from });
  return z.union([number, textValue<string>(parse, { enum: [word] })]);
}

function tags(to: number): z.ZodType {
  const tag = wholeNumber(0, to);
  const few = 'must be one id or two';
  return z.union([z.array(tag).min(1, few).max(2, few), tag.transform((id) => [id])]);
}
