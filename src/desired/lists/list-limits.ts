// Refuses lists that look like a failed feed although each line is an address: empty, mostly skipped, or with an entry that covers a large
// part of the internet. A firewall that applied such a list would lock everybody out, or let everybody in.
import type { Diagnostic } from '../../model/diagnostic.js';
import { widthOf } from '../../addresses/ranges.js';
import { Source } from '../yaml/source.js';
import { sizeOf } from './list-collector.js';
import { EntryReader } from './list-entry.js';
import type { ListLimits } from './list-options.js';
import { type ListFile, type ParsedList, placeOf } from './list-parser.js';
import { lineReader } from './list-readers.js';

export function checkLimits(list: ListFile, parsed: ParsedList, limits: ListLimits): Diagnostic[] {
  const { entries, skipped, widest } = parsed;
  const { maxSkipped } = limits;
  const found: Diagnostic[] = [];
  const top = (): Omit<Diagnostic, 'severity' | 'summary' | 'detail'> =>
    new Source(list.file, '').placeAt(0, 0);
  if (list.skipBad && skipped > ((entries + skipped) * maxSkipped) / 100)
    found.push({
      severity: 'error',
      summary: 'too many bad lines',
      detail: `${list.file}: ${skipped} of ${entries + skipped} lines are no address or network, and ${maxSkipped} % may be`,
      hint: 'Find out what the file is; `maxSkipped: 50%` in the list options of the policy allows more.',
      ...top(),
    });
  else if (entries === 0 && !limits.allowEmpty)
    found.push({
      severity: 'error',
      summary: 'empty list',
      detail: `${list.file} has no address`,
      hint: 'Put some in; where it may be empty, write `allowEmpty: true` into the list options of the policy.',
      ...top(),
    });
  if (([4, 6] as const).some((family) => widest[family] > mostOf(family, limits)))
    found.push(...findWide(list, limits));
  return found;
}

/** Addresses of the widest entry that there may be. */
function mostOf(family: 4 | 6, { widest }: ListLimits): number {
  return 2 ** (family === 4 ? 32 - widest.ipv4 : 128 - widest.ipv6);
}

/** The first, by a second reading: nobody has to remember where each entry was. */
function findWide(list: ListFile, limits: ListLimits): Diagnostic[] {
  const { bytes, file } = list;
  const lines = lineReader(bytes, list.format);
  const entry = new EntryReader(bytes);
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const next = lines.read(start);
    const family = lines.problem || lines.from >= lines.to ? undefined : entry.read(lines);
    if (family && sizeOf(entry.words, 0, widthOf(family)) > mostOf(family, limits)) {
      const name = family === 4 ? 'ipv4' : 'ipv6';
      const place = placeOf(list, { start, next, from: lines.from, to: lines.to, line });
      return [
        {
          severity: 'error',
          summary: 'entry too wide',
          detail: `the line is wider than a /${limits.widest[name]} of IPv${family}, the widest that a list may have`,
          hint: `Remove it from ${file}; if it is meant, write \`widest: {${name}: N}\` into the list options of the policy, or the network itself into a rule.`,
          ...place,
        },
      ];
    }
    start = next;
  }
  return [];
}
