// The record that the old build wrote: it is sound, it is told, and each generation in it can be run again.
import { expect, it } from 'vitest';
import type { GenerationReport, History, JournalVerification } from '../../src/model/history.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { Lab } from '../lab.js';
import { document, hostFile, ICMP_DROP, OWN, ownProgram, reconcile, status } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';
import { createOldLab, install, LONG, takeOver } from './installed.js';
import { expectDecisions, PER_ADDRESS, writeEverything } from './policies.js';

const json = async <T>(lab: Lab, exitCode: number, ...args: string[]): Promise<T> =>
  document<T>(await lab.run([...args, '--output', 'json']), exitCode);

/** What a generation runs on veth0, told by what it does. */
interface Ran {
  name: string;
  pings: number;
  /** Name and mode of the program; absent when nothing is attached. */
  runs?: { name: string; mode: string };
}

async function runsNow(lab: Lab): Promise<Omit<Ran, 'name'>> {
  const attached = (await lab.netShow()).xdp.find(({ devname }) => devname === 'veth0');
  const pings = (await lab.ping(2)).received;
  if (!attached) return { pings };
  const shown = await lab.exec('bpftool', '-j', 'prog', 'show', 'id', String(attached.id));
  return { pings, runs: { name: (JSON.parse(shown) as { name: string }).name, mode: attached.mode } };
}

const policy = (action: string) => ({
  'policies/edge.yaml': policyFile('edge', {
    rules: [{ name: 'ping', match: { protocol: 'icmp' }, action }],
  }),
});
const list = (name: string, length: number) => {
  const lines = Array.from({ length }, (_, at) => `10.77.${at >> 7}.${(2 * at) & 255}\n`);
  return { [`lists/${name}.txt`]: lines.join('') };
};
const listed = policyFile('edge', {
  rules: [{ name: 'listed', match: { protocol: 'icmp', source: { list: 'bad' } }, action: 'drop' }],
});
const on = (fields: string) => ({ 'hosts/lab.yaml': hostFile({ veth0: fields }) });

/** One state after the other; each makes a generation. */
const STATES: { name: string; files: Record<string, string> }[] = [
  { name: 'the builtin', files: on(`mode: native, program: ${ICMP_DROP}`) },
  { name: 'in another mode', files: on(`mode: generic, program: ${ICMP_DROP}`) },
  {
    name: 'a program of ones own',
    files: { ...on(`mode: native, program: ${OWN}`), 'programs/own.bpf.c': ownProgram('extra') },
  },
  { name: 'a policy', files: { ...on('mode: native, policy: edge'), ...policy('drop') } },
  { name: 'another rule', files: policy('pass') },
  { name: 'a short list', files: { 'policies/edge.yaml': listed, ...list('bad', 20) } },
  { name: 'a long list', files: list('bad', 20_000) },
  { name: 'nothing', files: { 'hosts/lab.yaml': hostFile({}) } },
];

it('history, journal and every rollback', { timeout: 2 * LONG }, async () => {
  await using lab = await createOldLab();
  const recorded: Ran[] = [{ name: 'before the first', ...(await runsNow(lab)) }];
  for (const { name, files } of STATES) {
    lab.writeState(files);
    await reconcile(lab, 0, '--allow-prune-all');
    recorded.push({ name, ...(await runsNow(lab)) });
  }
  expect(new Set(recorded.map(({ runs, pings }) => `${runs?.name} ${runs?.mode} ${pings}`)).size).toBe(6);
  await json(lab, 0, 'rollback', '5', '--reason', 'the last of the old ones');
  recorded.push({ name: 'a rollback', ...(await runsNow(lab)) });
  const { generations } = await json<History>(lab, 0, 'history');
  expect(generations.map(({ number }) => number)).toEqual(recorded.slice(1).map((_, at) => at + 1));
  const reports = [];
  for (const { number } of generations)
    reports.push(await json<GenerationReport>(lab, 0, 'history', String(number)));
  const { records } = await json<JournalVerification>(lab, 0, 'journal', 'verify');

  await install(lab, 'new');
  expect(await json(lab, 0, 'journal', 'verify')).toMatchObject({ sound: true, records });
  expect((await json<History>(lab, 0, 'history')).generations).toEqual(generations);
  for (const [at, { number }] of generations.entries()) {
    // All that the old build says of it; a later release may say more.
    expect(await json(lab, 0, 'history', String(number)), `generation ${number}`).toMatchObject({
      ...reports[at],
    });
  }
  expect(await status(lab)).toMatchObject({ generation: generations.length, hold: { generation: 5 } });
  await takeOver(lab, 13);
  for (const [generation, { name, ...was }] of recorded.entries()) {
    const made = await json<Reconciliation>(lab, 0, 'rollback', String(generation), '--reason', 'as it was');
    expect(
      made.steps.filter(({ outcome }) => outcome !== 'done' && outcome !== 'unchanged'),
      name,
    ).toEqual([]);
    expect(await runsNow(lab), name).toEqual(was);
    const again = await lab.run(['reconcile', '--output', 'json']); // exit 0 where the state files want the same
    expect(JSON.parse(again.stdout), name).toMatchObject({ changed: false });
  }
  expect((await json<JournalVerification>(lab, 0, 'journal', 'verify')).sound).toBe(true);
});

it('a rollback to a policy that says everything decides as it did', { timeout: LONG }, async () => {
  await using lab = await createOldLab({ pairs: 2 });
  writeEverything(lab);
  await reconcile(lab);
  await lab.ping(3);
  lab.writeState(policy('pass'));
  await reconcile(lab);
  await takeOver(lab);
  await json(lab, 0, 'rollback', '1');
  writeEverything(lab, '', PER_ADDRESS); // what the old record means; without a prefix this build means a /64
  await expectDecisions(lab);
  expect((await counts(lab))['no-ping'], 'counted under the same name as before').toBe(3);
  // It is the program of this build, whose tables this build makes: the state files become the same one.
  const held = (await status(lab)).interfaces;
  expect(held).toMatchObject([{ condition: 'Ready' }, { condition: 'Ready' }]);
  expect(await lab.run(['resume'])).toMatchObject({ exitCode: 0 });
  expect(await reconcile(lab)).toMatchObject({ changed: false });
  expect((await status(lab)).interfaces.map(({ digest }) => digest)).toEqual(
    held.map(({ digest }) => digest),
  );
  // What restores a machine at boot is the same, from the record alone.
  await lab.exec('rm', '-r', `${lab.bpffs}/xdpkeep`);
  await json(lab, 0, 'restore');
  await expectDecisions(lab);
});
