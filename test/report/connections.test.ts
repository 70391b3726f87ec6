// Connections as people read them: in their own command, in `top`, in a line of `events`, in a file for Wireshark, in metrics.
import { expect, it } from 'vitest';
import type { Connections, KnownFlow, RemovedConnections } from '../../src/model/connection-table.js';
import { expose } from '../../src/metrics/exposition.js';
import { renderConnections, renderRemoved } from '../../src/report/connections.js';
import { packetRecord, renderEvent } from '../../src/report/events.js';
import { PcapngWriter } from '../../src/report/pcapng.js';
import { renderTop, renderTraffic, TOP_START, trafficRecord } from '../../src/report/top.js';
import { painter } from '../../src/report/style.js';
import { exampleSnapshot } from '../support/snapshot.js';

const plain = painter(false);
const tables = exampleSnapshot().status?.connections?.tables ?? [];
const flow: KnownFlow = {
  protocol: 'tcp',
  state: 'flowing',
  local: '2001:db8::2',
  localPort: 443,
  remote: '2001:db8::9',
  remotePort: 50_000,
  answered: true,
  silent: 7,
  left: 431_993,
};
const found: Connections = {
  apiVersion: 'xdpkeep/v1',
  kind: 'Connections',
  tables,
  pressure: 'none',
  matched: 1234,
  counts: [
    { protocol: 'tcp', state: 'flowing', connections: 1200 },
    { protocol: 'gre', state: 'answered', connections: 34 },
  ],
  rules: { interface: 'ens5', asked: 1234, rows: [{ rule: 'a\u0007nswers', connections: 1234 }] },
  connections: [
    flow,
    {
      protocol: 'gre',
      state: 'answered',
      local: '192.0.2.2',
      remote: '192.0.2.9',
      answered: true,
      silent: 0,
      left: 600,
    },
  ],
  skipped: 40,
  more: 1192,
};

it('tables, counts, rules and a page', () => {
  expect(renderConnections(found, plain)).toBe(
    [
      'opened connections: 3 of 1,000, silent for 60 s at most, and 2 that are over; 9 recorded, 4 made room, 1 revived',
      'served connections: 0 of 1,000, and 0 that are over',
      '1,234 connections:',
      '  tcp flowing: 1,200',
      '  gre answered: 34',
      'decided on ens5 by',
      '  a\\x07nswers: 1,234',
      'PROTOCOL  STATE     LOCAL              REMOTE               ANSWERED  SILENT  LEFT',
      'tcp       flowing   [2001:db8::2]:443  [2001:db8::9]:50000  yes       7 s     431993 s',
      'gre       answered  192.0.2.2          192.0.2.9            yes       0 s     600 s',
      '1,192 more: --skip 42, or --limit',
      '',
    ].join('\n'),
  );
  const none = { ...found, matched: 0, counts: [], connections: [], more: 0 };
  expect(renderConnections(none, plain)).toContain('\n0 connections\n');
});

it('what was removed, or would be', () => {
  const removed: RemovedConnections = {
    apiVersion: 'xdpkeep/v1',
    kind: 'RemovedConnections',
    filter: 'port 443',
    dryRun: false,
    matched: 3,
    removed: 1,
    warnings: [],
  };
  expect(renderRemoved(removed)).toBe('removed 1 connection with port 443\n');
  expect(renderRemoved({ ...removed, dryRun: true })).toBe('would remove 3 connections with port 443\n');
});

it('a packet says what it was to the connections, where a rule asked', () => {
  const packet = {
    time: 0n,
    interface: 'ens5',
    rule: 'answers',
    verdict: 'pass',
    length: 60,
    frame: new Uint8Array(60),
  };
  const told = { ...packet, connection: 'established' } as const;
  expect(renderEvent(told, 'tcp', plain)).toMatch(/ens5 answers pass: established, tcp, 60 bytes\n$/);
  expect(renderEvent(packet, 'tcp', plain)).toMatch(/ens5 answers pass: tcp, 60 bytes\n$/);
  expect(packetRecord('Event', told, 'tcp', { shape: 'ip' })).toMatchObject({ connection: 'established' });
  expect(packetRecord('Event', packet, 'tcp', { shape: 'ip' })).not.toHaveProperty('connection');
  const saved = (one: typeof packet) => new PcapngWriter(128).packet(one).toString('latin1');
  expect(saved(told)).toContain('rule answers: pass, connection established');
  expect(saved(packet)).not.toContain('connection');
});

it('top has a line for each table where there is room, and none where nothing asks', () => {
  const quiet = { time: 0, interfaces: [] };
  const asking = { ...quiet, connections: { tables, pressure: 'high' as const } };
  const screen = { columns: 80, rows: 24, unicode: false, paint: plain, host: 'edge-1' };
  const lines = renderTop(asking, TOP_START, screen);
  expect(lines).toHaveLength(24);
  expect(lines.filter((line) => /^(opened|served) connections: /.test(line))).toHaveLength(2);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
  expect(renderTop(asking, TOP_START, { ...screen, rows: 9 }).join('\n')).not.toContain('connections');
  expect(renderTop(quiet, TOP_START, screen).join('\n')).not.toContain('connections');
  expect(renderTraffic(asking, screen)).toContain('opened connections: 3 of 1,000');
  expect(JSON.parse(trafficRecord(asking))).toMatchObject({ connections: { pressure: 'high' } });
  expect(JSON.parse(trafficRecord(quiet))).not.toHaveProperty('connections');
});

it('metrics have every state, so that none vanishes when it is at zero', async () => {
  const lines = (await expose(exampleSnapshot()))
    .split('\n')
    .filter((line) => line.startsWith('xdpkeep_conn'));
  expect(lines).toEqual(
    expect.arrayContaining([
      'xdpkeep_connections{table="opened",state="flowing"} 2',
      'xdpkeep_connections{table="opened",state="closing"} 0',
      'xdpkeep_connections{table="opened",state="over"} 2',
      'xdpkeep_connections{table="served",state="answered"} 0',
      'xdpkeep_connections_capacity{table="served"} 1000',
      'xdpkeep_connections_recorded_total{table="opened"} 9',
      'xdpkeep_connections_revived_total{table="opened"} 1',
      'xdpkeep_connections_forgotten{table="opened"} 4',
    ]),
  );
  expect(lines.filter((line) => line.includes('recorded') || line.includes('forgotten'))).toHaveLength(2);
});
