// Two hundred interfaces, half of them with one policy and a long list, half with policies of their own: each runs its
// own program and counts for itself; intents are written together, and a crash among them is settled one by one.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openIntents } from '../../src/journal/intents.js';
import { readJournal } from '../../src/journal/read.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { JournalRecord } from '../../src/model/record.js';
import { createLab, type Lab } from '../lab.js';
import { document, ICMP_DROP, reconcile, writeHost } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';

const MANY = 200;
const NATIVE = `mode: native, program: ${ICMP_DROP}`;

/** veth pairs `n1`, `n2`, ... inside the namespace; veth0 is the lab's own. */
async function addMany(lab: Lab, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, at) => `n${at + 1}`);
  const lines = names.map((name) => `link add ${name} type veth peer name ${name}p`);
  const batch = join(lab.directory, 'links');
  writeFileSync(batch, `${lines.join('\n')}\n`);
  await lab.exec('ip', '-batch', batch);
  return names;
}

/** The first half runs `shared`, each of the others a policy that drops UDP to a port of its own. */
function writeMany(lab: Lab, names: string[]): void {
  const policyOf = (at: number) => (at % 2 === 0 ? 'shared' : `own${at}`);
  writeHost(
    lab,
    Object.fromEntries(names.map((name, at) => [name, `mode: native, policy: ${policyOf(at)}`])),
  );
  const list = Array.from({ length: 3000 }, (_, at) => `172.16.${at >> 7}.${(2 * at) & 255}\n`);
  const listed = { name: 'listed', match: { source: { list: 'long' } }, action: 'drop' };
  const ping = { name: 'ping', match: { protocol: 'icmp' }, action: 'drop' };
  lab.writeState({
    'lists/long.txt': list.join(''),
    'policies/shared.yaml': policyFile('shared', { rules: [listed, ping] }),
  });
  names.forEach((_, at) => {
    if (at % 2 === 0) return;
    const port = { name: 'port', match: { protocol: 'udp', destinationPort: 1000 + at }, action: 'drop' };
    lab.writeState({ [`policies/own${at}.yaml`]: policyFile(`own${at}`, { rules: [port] }) });
  });
}

/** As long as a busy machine takes for so many. */
async function reconcileMany(lab: Lab, ...args: string[]): Promise<Reconciliation> {
  return document(await lab.run(['reconcile', '--output', 'json', ...args]), 0);
}

const phases = (records: readonly JournalRecord[]) => records.map(({ phase }) => phase).join(' ');
const repeated = (phase: string, count: number) => Array(count).fill(phase).join(' ');

it('two hundred interfaces: one pass attaches them, the next finds nothing to do, one more detaches them', async () => {
  await using lab = await createLab();
  const names = ['veth0', ...(await addMany(lab, MANY - 1))];
  writeMany(lab, names);
  const first = await reconcileMany(lab);
  expect(first.interfaces).toHaveLength(MANY);
  expect(new Set(first.interfaces.map(({ condition }) => condition))).toEqual(new Set(['Ready']));
  expect(new Set(first.interfaces.map(({ programId }) => programId)).size).toBe(MANY);
  expect(new Set(first.interfaces.map(({ digest }) => digest)).size).toBe(1 + MANY / 2);
  expect((await lab.netShow()).xdp).toHaveLength(MANY);
  expect(readdirSync(join(lab.bpffs, 'xdpkeep/lists/long'))).toHaveLength(1);
  const { records } = readJournal(lab.dataDir);
  expect(phases(records)).toBe(`${repeated('intent', MANY)} ${repeated('done', MANY)}`);
  expect(records.slice(MANY).map(({ of }) => of)).toEqual(records.slice(0, MANY).map(({ seq }) => seq));

  expect(await lab.ping(3)).toMatchObject({ received: 0 });
  expect(await counts(lab)).toMatchObject({ ping: 3, listed: 0 });
  expect(await counts(lab, 'n2')).toMatchObject({ ping: 0 });

  const size = statSync(join(lab.dataDir, 'journal.ndjson')).size;
  expect(await reconcileMany(lab)).toMatchObject({ changed: false });
  expect(statSync(join(lab.dataDir, 'journal.ndjson')).size).toBe(size);

  writeHost(lab, {});
  await reconcileMany(lab, '--allow-prune-all');
  expect((await lab.netShow()).xdp).toEqual([]);
  expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);
});

it.each([
  { point: 'intent:after', done: 0 },
  { point: 'link:after', done: 1 },
  { point: 'outcome:before', done: 5 },
])(
  'killed at $point, with the intents of five open: each is settled by what its interface runs',
  async ({ point, done }) => {
    await using lab = await createLab();
    await addMany(lab, 4);
    writeHost(lab, { veth0: NATIVE, n1: NATIVE, n2: NATIVE, n3: NATIVE, n4: NATIVE });
    const killed = await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: point } });
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    expect(openIntents(readJournal(lab.dataDir).records)).toHaveLength(5);

    await reconcile(lab);
    const { records } = readJournal(lab.dataDir);
    expect(openIntents(records)).toEqual([]);
    const outcomes = records.slice(5, 10).map(({ phase }) => phase);
    expect(outcomes.filter((phase) => phase === 'done')).toHaveLength(done);
    expect(outcomes.filter((phase) => phase === 'undone')).toHaveLength(5 - done);
    expect((await lab.netShow()).xdp).toHaveLength(5);
    expect(await reconcile(lab)).toMatchObject({ changed: false });
  },
);

it('one that fails among many is undone alone', async () => {
  await using lab = await createLab();
  await addMany(lab, 4);
  await lab.exec('ip', 'link', 'set', 'n2p', 'mtu', '9000');
  writeHost(lab, { n1: NATIVE, n2: NATIVE, n3: NATIVE, n4: NATIVE });
  const pass = await reconcile(lab, 12);
  expect(pass.interfaces.map(({ name, condition }) => [name, condition])).toEqual([
    ['n1', 'Ready'],
    ['n2', 'Failed'],
    ['n3', 'Ready'],
    ['n4', 'Ready'],
  ]);
  const { records } = readJournal(lab.dataDir);
  expect(openIntents(records)).toEqual([]);
  expect(phases(records)).toBe('intent intent intent intent failed done done done');
});
