// Connections as people read them: how full the tables are, what is in them, and one page of flows.
import type {
  Connections,
  ConnectionsStatus,
  KnownFlow,
  RemovedConnections,
  TableCount,
} from '../model/connection-table.js';
import type { GraceWindow } from '../model/connections.js';
import { columns, grouped, type Paint, printable } from './style.js';

export function renderConnections(found: Connections, paint: Paint): string {
  const lines = [
    ...connectionLines(found, paint),
    `${connectionsOf(found.matched)}${found.counts.length === 0 ? '' : ':'}`,
    ...found.counts.map(
      ({ protocol, state, connections }) => `  ${protocol} ${state}: ${grouped(connections)}`,
    ),
    ...ruleLines(found),
    ...pageLines(found, paint),
  ];
  return `${lines.join('\n')}\n`;
}

/** One line for each table, for `status` as well. */
export function connectionLines(
  { tables, pressure, grace, conntrack }: ConnectionsStatus,
  paint: Paint,
): string[] {
  const lines = tables.map((table) => {
    const line = tableLine(table);
    return pressure === 'none' ? line : paint('yellow', line);
  });
  if (grace) lines.push(graceLine(grace, paint));
  return conntrack ? [...lines, conntrackLine(conntrack, paint)] : lines;
}

function graceLine({ left, packets }: GraceWindow, paint: Paint): string {
  const came = `${grouped(packets)} ${packets === 1 ? 'packet' : 'packets'} of connections that nobody had recorded came in`;
  return left === 0
    ? `the grace window is over: ${came} by it`
    : paint('yellow', `the grace window is open for ${left} s more: ${came} so far`);
}

/** What it knows is its own to show (`conntrack -L`). */
function conntrackLine(
  { follows, reason }: NonNullable<ConnectionsStatus['conntrack']>,
  paint: Paint,
): string {
  if (reason !== undefined)
    return paint('red', `conntrack is to be asked as well, and knows nothing: ${reason}`);
  return `conntrack is asked as well: it follows ${follows.join(' and ')} here`;
}

/** `opened connections: 12 of 131,072, and 3 that are over; 15 recorded, 0 forgotten` */
function tableLine({ name, known, capacity, over, recorded, longestSilent }: TableCount): string {
  const silent = longestSilent === undefined ? '' : `, silent for ${grouped(longestSilent)} s at most`;
  const counted = recorded
    ? `; ${grouped(recorded.flows)} recorded, ${grouped(recorded.forgotten)} made room, ${grouped(recorded.revived)} revived`
    : '';
  return `${name} connections: ${grouped(known)} of ${grouped(capacity)}${silent}, and ${grouped(over)} that are over${counted}`;
}

function ruleLines({ rules }: Connections): string[] {
  if (!rules) return [];
  return [
    printable(`decided on ${rules.interface} by`),
    ...rules.rows.map(({ rule, connections }) => printable(`  ${rule}: ${grouped(connections)}`)),
  ];
}

function pageLines({ connections, skipped, more }: Connections, paint: Paint): string[] {
  if (connections.length === 0) return [];
  const [head = '', ...rows] = columns([
    ['PROTOCOL', 'STATE', 'LOCAL', 'REMOTE', 'ANSWERED', 'SILENT', 'LEFT'],
    ...connections.map((one) => [
      one.protocol,
      one.state,
      end(one.local, one.localPort),
      end(one.remote, one.remotePort),
      one.answered ? 'yes' : 'no',
      `${one.silent} s`,
      `${one.left} s`,
    ]),
  ]);
  const next = skipped + connections.length;
  return [
    paint('bold', head),
    ...rows,
    ...(more > 0 ? [`${grouped(more)} more: --skip ${next}, or --limit`] : []),
  ];
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`, `192.0.2.1` */
function end(address: string, port: KnownFlow['localPort']): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function renderRemoved({ filter, dryRun, matched, removed }: RemovedConnections): string {
  const what = dryRun ? `would remove ${connectionsOf(matched)}` : `removed ${connectionsOf(removed)}`;
  return printable(`${what} with ${filter}\n`);
}

function connectionsOf(count: number): string {
  return count === 1 ? '1 connection' : `${grouped(count)} connections`;
}
