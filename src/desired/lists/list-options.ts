// What a policy says about the lists that its rules name: how they are written, and what they may not become.
import * as z from 'zod';
import { checkFields, type FieldProblem } from '../yaml/check-fields.js';
import type { Column, ListFormat } from './list-formats.js';
import { textValue, wholeNumber } from '../policy/values.js';
import { quote } from '../../text/wording.js';

/** From 0 % to `most`. */
const percentage = (most: number): z.ZodType<number, string> =>
  textValue<number>(
    (text) => {
      const number = /^(\d{1,6})%$/.exec(text)?.[1];
      if (number !== undefined && Number(number) <= most) return Number(number);
      const message = `must be a share from 0% to ${most}%, not ${quote(text)}`;
      return { message, hint: 'Write it like 50%.' };
    },
    { pattern: String.raw`^\d{1,6}%$` },
  );

const column = z.union([wholeNumber(1, 1000), z.string().min(1, 'must not be empty')]);

/** The shortest prefix lengths by default: `0.0.0.0/0` in a feed is a mistake or malicious. */
const WIDEST = { ipv4: 8, ipv6: 16 };
/** Per cent of the lines. */
const MOST_SKIPPED = 10;

const separator = textValue<string>(
  (text) => {
    if (/^[\t -~]$/.test(text) && !/["#\w.:/]/.test(text)) return text;
    const message = `must be one character that no address has, not ${quote(text)}`;
    return { message, hint: 'Write for example ";" or "\\t".' };
  },
  { pattern: String.raw`^[^"#\w.:/]$`, description: 'Between columns. Default: a comma.' },
);

export const listOptionsSchema = z
  .strictObject({
    format: z
      .exactOptional(z.enum(['plain', 'netset', 'ipset', 'csv']))
      .describe('How the file is written. Default: what its name ends in, .txt being plain.'),
    column: z
      .exactOptional(column)
      .describe(
        'Of csv: the number of the column, from 1 on, or its name in the header. Default: 1; with an address in column 2, a range.',
      ),
    start: z
      .exactOptional(column)
      .describe('Of csv, with `end`: the column that has the first address of a range.'),
    end: z.exactOptional(column).describe('Of csv, with `start`: the column that has the last address.'),
    set: z
      .exactOptional(z.string().min(1, 'must not be empty').max(31, 'must be 31 characters at most'))
      .describe('Of ipset: which set is meant, where the file has several.'),
    separator: z.exactOptional(separator),
    header: z
      .exactOptional(z.boolean())
      .describe('Of csv: the first line names the columns. Default: true where `column` is a name.'),
    maxEntries: z
      .exactOptional(wholeNumber(0, 5_000_000))
      .describe('A list with more lines that have an address is refused.'),
    maxShrink: z
      .exactOptional(percentage(100))
      .describe(
        'A list that lost more of its ranges than this since it was last applied is refused. Default: 50%.',
      ),
    maxGrow: z
      .exactOptional(percentage(999_999))
      .describe(
        'A list that has grown by more of its ranges than this since it was last applied is refused.',
      ),
    allowEmpty: z
      .exactOptional(z.boolean())
      .describe('A list without an address is meant; else it is refused.'),
    widest: z
      .exactOptional(
        z.strictObject({
          ipv4: z.exactOptional(wholeNumber(0, 32)).describe('Of IPv4.'),
          ipv6: z.exactOptional(wholeNumber(0, 128)).describe('Of IPv6.'),
        }),
      )
      .describe('Prefix lengths: a list with a wider entry is refused. Default: 8 of IPv4, 16 of IPv6.'),
    maxSkipped: z
      .exactOptional(percentage(100))
      .describe('With `skipBad`: a list of which more lines are bad is refused. Default: 10%.'),
    sha256: z
      .exactOptional(z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case'))
      .describe('Of the bytes of the file; any other content is refused.'),
    skipBad: z
      .exactOptional(z.boolean())
      .describe('Lines that are no address are left out and told, instead of refusing the whole list.'),
  })
  .superRefine(...checkFields<WrittenColumns>(findContradictions))
  .describe('Of one list, by its name.');

interface WrittenColumns {
  column?: Column;
  start?: Column;
  end?: Column;
  header?: boolean;
  skipBad?: boolean;
  maxSkipped?: number;
}

function* findContradictions(written: Partial<WrittenColumns>): Generator<FieldProblem<WrittenColumns>> {
  const { start, end, header, skipBad, maxSkipped } = written;
  for (const field of ['column', 'start', 'end'] as const)
    if (typeof written[field] === 'string' && header === false)
      yield {
        fields: [field, 'header'],
        message: 'is a name, which a file without a header does not have',
        hint: 'Give the number of the column, or leave `header` out.',
      };
  if ((start === undefined) !== (end === undefined))
    yield {
      fields: start === undefined ? ['end', 'start'] : ['start', 'end'],
      message: 'is one end of a range, and the other one is missing',
      hint: 'Write both `start` and `end`, or `column`.',
    };
  if (start !== undefined && written.column !== undefined)
    yield { fields: ['column', 'start'], message: 'goes without `start` and `end`', hint: 'Leave it out.' };
  if (maxSkipped !== undefined && skipBad !== true)
    yield { fields: ['maxSkipped', 'skipBad'], message: 'goes with `skipBad: true`', hint: 'Add it.' };
}

export type ListOptions = z.output<typeof listOptionsSchema>;

/** What a list may be, beside well-formed. */
export interface ListLimits {
  allowEmpty: boolean;
  /** Prefix lengths. */
  widest: { ipv4: number; ipv6: number };
  /** Per cent. */
  maxSkipped: number;
}

export function toListLimits({
  allowEmpty = false,
  widest,
  maxSkipped = MOST_SKIPPED,
}: ListOptions): ListLimits {
  return { allowEmpty, widest: { ...WIDEST, ...widest }, maxSkipped };
}

/** Fields that go with csv alone. */
export const CSV_FIELDS = ['column', 'start', 'end', 'separator', 'header'] as const;

/** Extension of a file -> its default format. */
const BY_EXTENSION = { '.txt': 'plain', '.netset': 'netset', '.ipset': 'ipset', '.csv': 'csv' } as const;

export function formatOf(file: string, options: ListOptions): Required<ListOptions>['format'] {
  const extension = Object.keys(BY_EXTENSION).find((end) => file.endsWith(end));
  return options.format ?? BY_EXTENSION[(extension ?? '.txt') as keyof typeof BY_EXTENSION];
}

/** netset and ipset are one: files of either name hold lines of either kind. */
export function toListFormat(file: string, options: ListOptions): ListFormat {
  const format = formatOf(file, options);
  if (format === 'plain') return { format };
  if (format !== 'csv') return { format: 'ipset', ...(options.set !== undefined && { set: options.set }) };
  const { column = 1, start, end, separator = ',' } = options;
  const columns: [Column] | [Column, Column] =
    start === undefined || end === undefined ? [column] : [start, end];
  const { header = columns.some((one) => typeof one === 'string') } = options;
  const isNamed = options.column !== undefined || start !== undefined;
  return { format, columns, separator, header, ...(!isNamed && { rangeIfAddress: true as const }) };
}
