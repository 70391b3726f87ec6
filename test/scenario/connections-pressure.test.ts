// How full the tables of connections are, and who says so: with tables that are really full.
// needs: iptables
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mapCalls } from '../../src/kernel/ffi-maps.js';
import { openPin } from '../../src/kernel/pinned.js';
import { CONNECTION_BYTES, FLOW_BYTES, OPENED_FROM, PHASES } from '../../src/model/connections.js';
import type { RemovedConnections } from '../../src/model/connection-table.js';
import type { Doctor } from '../../src/model/doctor.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { Status } from '../../src/model/status.js';
import { createLab, type Lab } from '../lab.js';
import { ASKING, askJson, listConnections } from '../support/asking.js';
import { askFor } from '../support/datagrams.js';
import { document, reconcile } from '../support/host.js';
import { writePolicy } from '../support/policies.js';

const recorders = (lab: Lab) =>
  readdirSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0')).filter((name) => name.startsWith('egress-'));

const checkIn = (text: string) =>
  (JSON.parse(text) as Doctor).checks.find(({ name }) => name === 'connections');

/** Of one table. */
const CAPACITY = 131_072;

/** TCP flows from 203.0.113.0/24 to ports that this host opens, as if it had spoken in them just now. */
function fill(path: string, entries: number): void {
  using map = openPin(path);
  if (!map) throw new Error(`nothing is pinned at ${path}`);
  const flow = Buffer.alloc(FLOW_BYTES);
  const connection = Buffer.alloc(CONNECTION_BYTES);
  connection.writeBigUInt64LE(process.hrtime.bigint(), 0);
  connection.writeUInt32LE(432_000, 8);
  connection.writeUInt8(PHASES.indexOf('flowing'), 12);
  flow.set([203, 0, 113], 0);
  flow.set([192, 0, 2, 2], 16);
  flow.writeUInt8(4, 36);
  flow.writeUInt8(6, 37);
  for (let at = 0; at < entries; at++) {
    flow.writeUInt8(at & 255, 3);
    flow.writeUInt16BE(443, 32);
    flow.writeUInt16BE(OPENED_FROM + (at >> 8), 34);
    expect(mapCalls().update(map.number, flow, connection, 0n)).toBe(0);
  }
}

it('status, memory, metrics and top say how full the tables are, and what records', async () => {
  await using lab = await createLab({ pairs: 2 });
  writePolicy(lab, ASKING);
  const figures = join(lab.directory, 'xdpkeep.prom');
  await reconcile(lab);
  await lab.exec('ping', '-n', '-q', '-c', '1', '-W', '2', lab.pair('veth0').peerAddress);
  await lab.run(['reconcile', '--metrics-file', figures]);

  const status = await askJson<Status>(lab, 'status', '--memory');
  const [veth0] = status.interfaces;
  expect(veth0?.egress?.programId).toBeGreaterThan(0);
  expect(veth0?.egress?.programId).not.toBe(veth0?.programId);
  const [opened] = status.connections?.tables ?? [];
  expect(opened).toMatchObject({ name: 'opened', capacity: 131_072, states: { answered: 1 } });
  expect(opened?.recorded).toMatchObject({ forgotten: 0 });
  expect(opened?.recorded?.flows).toBe((opened?.known ?? 0) + (opened?.over ?? 0));
  expect(status.connections?.pressure).toBe('none');
  const shared = status.memory?.shared.filter(({ name }) => name.endsWith(' connections')) ?? [];
  expect(shared.map(({ name }) => name).sort()).toEqual([
    'begun connections',
    'grace connections',
    'lives connections',
    'opened connections',
    'recorded connections',
    'served connections',
  ]);
  const entry = 40 + 16;
  expect(shared.find(({ name }) => name.startsWith('opened'))?.bytes).toBeGreaterThan(131_072 * entry);
  const text = await lab.run(['status']);
  expect(text.stdout).toMatch(/veth0 records what leaves: program \d+/);
  expect(text.stdout).toMatch(/opened connections: \d+ of 131,072/);

  // What a build left that did not count: the tables, and a program of its own at the way out.
  rmSync(join(lab.bpffs, 'xdpkeep/connections/recorded'));
  const uncounted = await askJson<Status>(lab, 'status');
  expect(uncounted.connections?.tables[0]).not.toHaveProperty('recorded');
  rmSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0', recorders(lab)[0] ?? ''));
  await reconcile(lab);
  const [again] = (await askJson<Status>(lab, 'status')).connections?.tables ?? [];
  expect(again?.states.answered).toBe(1);
  expect(again?.recorded?.flows).toBe((again?.known ?? 0) + (again?.over ?? 0));
  expect(again?.recorded?.flows).toBeGreaterThan(0);

  const prometheus = readFileSync(figures, 'utf8');
  expect(prometheus).toMatch(/^xdpkeep_connections\{table="opened",state="answered"\} 1$/m);
  expect(prometheus).toMatch(/^xdpkeep_connections_capacity\{table="served"\} 131072$/m);
  expect(prometheus).toMatch(/^xdpkeep_connections_recorded_total\{table="opened"\} \d+$/m);
  expect(prometheus).toMatch(/^xdpkeep_connections_forgotten\{table="opened"\} 0$/m);
});

it('a table that is nearly full of what is not over alarms, and what makes room is counted', async () => {
  await using lab = await createLab();
  const { peerAddress } = lab.pair('veth0');
  writePolicy(lab, ASKING);
  await reconcile(lab);
  const sound = await lab.run(['doctor', '--output', 'json']);
  expect(checkIn(sound.stdout)).toMatchObject({
    status: 'ok',
    found: expect.stringMatching(
      /what leaves is recorded by TCX links; conntrack follows nothing here$/,
    ) as string,
  });
  const tracked = ['-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT'];
  await lab.exec('iptables', '-A', 'INPUT', ...tracked);
  await lab.exec('ping', '-n', '-q', '-c', '1', '-W', '2', peerAddress);
  const followed = await lab.run(['doctor', '--output', 'json']);
  expect(checkIn(followed.stdout)?.found).toMatch(/conntrack follows \d+ flows? here$/);
  await lab.exec('iptables', '-D', 'INPUT', ...tracked);

  await lab.inside(() => {
    fill(join(lab.bpffs, 'xdpkeep/connections/opened'), CAPACITY);
  });
  const full = await askJson<Status>(lab, 'status');
  expect(full.connections?.pressure).toBe('full');
  expect(full.warnings).toContainEqual(
    expect.stringMatching(/^the table of opened connections is \d+ % full: connections are forgotten/),
  );
  const pass = document<Reconciliation>(await lab.run(['reconcile', '--output', 'json']), 0);
  expect(pass.warnings).toContainEqual(expect.stringMatching(/^the table of opened connections is/));
  expect(pass.changed).toBe(false);
  const pressed = await lab.run(['doctor', '--output', 'json']);
  expect(checkIn(pressed.stdout)).toMatchObject({ status: 'warning' });
  const shown = await lab.run(['top', '--count', '1', '--every', '100ms']);
  expect(shown.stdout).toMatch(/opened connections: 1\d\d,\d{3} of 131,072/);
  // What leaves is new, and something has to go for it. What the test wrote itself nobody counted.
  const counted = (of: Status) => of.connections?.tables[0]?.recorded?.flows ?? 0;
  const before = counted(full);
  for (const port of [7061, 7062]) await askFor(lab, peerAddress, port);
  const after = await askJson<Status>(lab, 'status');
  expect(counted(after)).toBeGreaterThanOrEqual(before + 2);
  expect(after.connections?.tables[0]?.known).toBeLessThanOrEqual(CAPACITY);
  const page = await listConnections(lab, '--limit', '10', '--skip', '100000', 'veth0');
  expect(page.connections).toHaveLength(10);
  expect(page.rules?.asked).toBe(page.matched);
  const gone = await askJson<RemovedConnections>(lab, 'connections', 'remove', '--address', '203.0.113.0/24');
  expect(gone.removed).toBe(gone.matched);
  expect(gone.removed).toBeGreaterThan(100_000);
  expect((await askJson<Status>(lab, 'status')).connections?.pressure).toBe('none');

  // A policy that asks, and nothing that records: the doctor says where.
  rmSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0', recorders(lab)[0] ?? ''));
  const silent = await lab.run(['doctor', '--output', 'json']);
  expect(checkIn(silent.stdout)).toMatchObject({
    status: 'failure',
    found: expect.stringContaining('what leaves veth0 is not recorded') as string,
  });
});
