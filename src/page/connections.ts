// How full the tables of connections are; hidden where no policy asks.
import type { ConnectionsStatus, TableCount } from '../model/connection-table.js';
import { element, fill, part, table } from './dom.js';
import { grouped } from './words.js';

export function showConnections(connections: ConnectionsStatus | undefined): void {
  part('connections-section').hidden = connections === undefined;
  if (!connections) return;
  const columns = [
    { title: 'Table' },
    { title: 'Known', isNumber: true },
    { title: 'Room for', isNumber: true },
    { title: 'Full' },
    { title: 'Over', isNumber: true },
    { title: 'Recorded', isNumber: true },
    { title: 'Made room', isNumber: true },
    { title: 'Revived', isNumber: true },
    { title: 'By state' },
  ];
  fill(part('connections'), ...table(columns, connections.tables.map(row), 'What is known of connections.'));
}

function row({ name, known, capacity, over, recorded, states }: TableCount): (Node | string)[] {
  const share = capacity === 0 ? 0 : known / capacity;
  const counted = recorded
    ? [recorded.flows, recorded.forgotten, recorded.revived].map(grouped)
    : ['-', '-', '-'];
  return [
    name,
    grouped(known),
    grouped(capacity),
    element('meter', { min: '0', max: '1', high: '0.8', optimum: '0', value: String(share) }, percent(share)),
    grouped(over),
    ...counted,
    Object.entries(states)
      .map(([state, count]) => `${state} ${grouped(count)}`)
      .join(', ') || '-',
  ];
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
