// Memory as people read it: a table of interfaces, then what is held once for several.
import type { MemoryReport, SharedMemory } from '../model/memory.js';
import { columns, grouped, type Paint, printable } from './style.js';

export function renderMemory({ interfaces, shared, total }: MemoryReport, paint: Paint): string {
  const table = columns([
    ['memory, KiB', 'programs', 'own maps', 'shared maps'],
    ...interfaces.map(({ name, programs, maps, shared: held }) => [
      printable(name),
      ...[programs, maps, held].map(kibibytes),
    ]),
  ]);
  const [head = '', ...rows] = table;
  const lines = [paint('bold', head), ...rows, ...shared.map(sharedLine), `in all ${kibibytes(total)} KiB`];
  return `${lines.join('\n')}\n`;
}

function sharedLine({ name, mapId, bytes, interfaces }: SharedMemory): string {
  const count = interfaces.length === 1 ? '1 interface' : `${interfaces.length} interfaces`;
  const holders = interfaces.length === 0 ? 'nobody any more' : count;
  return printable(`${name} (map ${mapId}): ${kibibytes(bytes)} KiB, once for ${holders}`);
}

/** Rounded up: what is there takes something. */
function kibibytes(bytes: number): string {
  return grouped(Math.ceil(bytes / 1024));
}
