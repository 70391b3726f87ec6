// What operators and programs have blocked, the blocks first that drop most.
import type { Blocks } from '../model/blocks.js';
import { fill, part, table } from './dom.js';
import { grouped } from './words.js';

const COLUMNS = [
  { title: 'Network' },
  { title: 'Owner' },
  { title: 'Interface' },
  { title: 'Until' },
  { title: 'Packets', isNumber: true },
  { title: 'Bytes', isNumber: true },
  { title: 'Reason' },
];

export function showBlocks({ blocks }: Blocks): void {
  part('blocks-section').hidden = blocks.length === 0;
  const rows = blocks.map((one) => [
    one.cidr,
    one.owner,
    one.interface ?? 'every',
    one.until,
    one.hits ? grouped(one.hits.packets) : '-',
    one.hits ? grouped(one.hits.bytes) : '-',
    `${one.reason} (by ${one.by})`,
  ]);
  fill(part('blocks'), ...table(COLUMNS, rows, 'What is dropped before any rule is asked, for a time.'));
}

/** What cannot be read is a warning of the status. */
export function hideBlocks(): void {
  part('blocks-section').hidden = true;
}
