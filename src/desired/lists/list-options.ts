// What a policy says about the lists that its rules name: how they are written, and what they may not become.
import * as z from 'zod';
import { checkFields } from '../yaml/check-fields.js';
import type { ListFormat } from './list-formats.js';
import { textValue, wholeNumber } from '../policy/values.js';
import { quote } from '../../text/wording.js';

const percentage = textValue<number>(
  (text) => {
    const number = /^(\d{1,3})%$/.exec(text)?.[1];
    if (number !== undefined && Number(number) <= 100) return Number(number);
    return { message: `must be a share from 0% to 100%, not ${quote(text)}`, hint: 'Write it like 50%.' };
  },
  { pattern: String.raw`^\d{1,3}%$` },
);

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
      .exactOptional(z.union([wholeNumber(1, 1000), z.string().min(1, 'must not be empty')]))
      .describe('Of csv: the number of the column, from 1 on, or its name in the header. Default: 1.'),
    separator: z.exactOptional(separator),
    header: z
      .exactOptional(z.boolean())
      .describe('Of csv: the first line names the columns. Default: true where `column` is a name.'),
    maxEntries: z
      .exactOptional(wholeNumber(0, 5_000_000))
      .describe('A list with more lines that have an address is refused.'),
    maxShrink: z
      .exactOptional(percentage)
      .describe('A list that lost more of its ranges than this since it was last applied is refused.'),
    sha256: z
      .exactOptional(z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case'))
      .describe('Of the bytes of the file; any other content is refused.'),
    skipBad: z
      .exactOptional(z.boolean())
      .describe('Lines that are no address are left out and told, instead of refusing the whole list.'),
  })
  .superRefine(
    ...checkFields<{ column?: number | string; header?: boolean }>(function* ({ column, header }) {
      if (typeof column === 'string' && header === false)
        yield {
          fields: ['column', 'header'],
          message: 'is a name, which a file without a header does not have',
          hint: 'Give the number of the column, or leave `header` out.',
        };
    }),
  )
  .describe('Of one list, by its name.');

export type ListOptions = z.output<typeof listOptionsSchema>;

/** Fields that go with csv alone. */
export const CSV_FIELDS = ['column', 'separator', 'header'] as const;

/** The end of a file's name -> how it is written when nobody says otherwise. */
const BY_EXTENSION = { '.txt': 'plain', '.netset': 'netset', '.ipset': 'ipset', '.csv': 'csv' } as const;

export function formatOf(file: string, options: ListOptions): Required<ListOptions>['format'] {
  const extension = Object.keys(BY_EXTENSION).find((end) => file.endsWith(end));
  return options.format ?? BY_EXTENSION[(extension ?? '.txt') as keyof typeof BY_EXTENSION];
}

/** netset and ipset are one: files of either name hold lines of either kind. */
export function toListFormat(file: string, options: ListOptions): ListFormat {
  const format = formatOf(file, options);
  if (format === 'plain') return { format };
  if (format !== 'csv') return { format: 'ipset' };
  const { column = 1, separator = ',', header = typeof column === 'string' } = options;
  return { format, column, separator, header };
}
