// Blocks as people read them.
import { type Block, type Blocks, blockWords } from '../model/blocks.js';
import { columns, printable } from './style.js';

export function renderBlocks({ blocks }: Blocks): string {
  if (blocks.length === 0) return 'nothing is blocked\n';
  const rows = blocks.map((one) => [
    one.cidr,
    printable(one.interface ?? 'every'),
    one.until,
    printable(one.owner),
    printable(one.inForce.join(',') || '-'),
    String(one.hits?.packets ?? '-'),
    printable(one.by),
    printable(one.reason),
  ]);
  return `${columns([['NETWORK', 'INTERFACE', 'UNTIL', 'OWNER', 'IN FORCE', 'PACKETS', 'BY', 'REASON'], ...rows]).join('\n')}\n`;
}

export function blockLine(verb: 'blocked' | 'unblocked' | 'still blocked', block: Block): string {
  return printable(`${verb}: ${blockWords(block)}`);
}
