// Map contents as people read them: one line per entry.
import type { MapContent } from '../model/maps.js';
import { type Paint, printable } from './style.js';

export function renderMaps(maps: MapContent[], paint: Paint): string {
  if (maps.length === 0)
    return 'no maps: nothing of ours is attached, or it has none; what a policy counts: xdpkeep counters\n';
  return maps.map((map) => mapLines(map, paint).join('\n') + '\n').join('\n');
}

function mapLines(map: MapContent, paint: Paint): string[] {
  const head = `${map.interface} ${map.name} (map ${map.id}, ${map.entries.length} of ${map.maxEntries} entries)`;
  if (map.unreadable !== undefined) return [paint('bold', printable(head)), `  ${printable(map.unreadable)}`];
  return [
    paint('bold', printable(head)),
    ...map.entries.map(({ key, value }) => printable(`  ${show(key)}: ${show(value)}`)),
  ];
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
