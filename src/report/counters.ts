// Counters as people read them.
import type { Counters } from '../model/counters.js';
import { columns, printable } from './style.js';

export function renderCounters({ interfaces }: Counters): string {
  if (interfaces.length === 0) return 'no interface runs a policy\n';
  const rows = interfaces.flatMap(({ name, rules }) =>
    rules.map((row) => [printable(name), printable(row.name), String(row.packets), String(row.bytes)]),
  );
  return `${columns([['INTERFACE', 'RULE', 'PACKETS', 'BYTES'], ...rows]).join('\n')}\n`;
}
