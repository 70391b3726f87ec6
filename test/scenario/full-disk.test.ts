// The disk of the data directory fills up, or turns read-only: before a change nothing is changed, in the middle of one
// it is concluded and recorded.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openIntents } from '../../src/journal/intents.js';
import { readJournal } from '../../src/journal/read.js';
import { createLab, type Lab } from '../lab.js';
import { must } from '../lab/exec.js';
import { ICMP_DROP, OWN, ownProgram, reconcile, status, writeHost } from '../support/host.js';
import { stopAt } from '../support/stopped.js';

let lab: Lab;
beforeEach(async () => {
  lab = await createLab();
  mkdirSync(lab.dataDir);
  await must('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'none', lab.dataDir]);
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
});
afterEach(async () => {
  await must('umount', [lab.dataDir]);
  await lab[Symbol.asyncDispose]();
});

const filler = (size: number) => join(lab.dataDir, `filler-${size}`);
const SIZES = [65_536, 4096, 1];

/** Takes all the room that there is. */
function fill(): void {
  for (const size of SIZES) {
    try {
      for (;;) writeFileSync(filler(size), Buffer.alloc(size), { flag: 'a' });
    } catch {
      // smaller, then
    }
  }
}

const NATIVE = { veth0: `mode: native, program: ${ICMP_DROP}` };
const CHANGES = [
  { name: 'attach', from: {}, to: NATIVE, runs: [undefined, 'icmp_drop'] },
  {
    name: 'update',
    from: NATIVE,
    to: { veth0: `mode: native, program: ${OWN}` },
    runs: ['icmp_drop', 'own'],
  },
  { name: 'detach', from: NATIVE, to: {}, runs: ['icmp_drop', undefined] },
];

async function running(): Promise<string | undefined> {
  const [program] = (await lab.netShow()).xdp;
  if (!program) return undefined;
  return (
    JSON.parse(await must('bpftool', ['-j', 'prog', 'show', 'id', String(program.id)])) as { name: string }
  ).name;
}

/** A first change, so that there is a journal, and then `from`. */
async function reach(from: Record<string, string>): Promise<void> {
  writeHost(lab, NATIVE);
  await reconcile(lab);
  writeHost(lab, from);
  await reconcile(lab, 0, '--allow-prune-all');
}

it.each(CHANGES)(
  'full before the intent of $name: exit 74, untouched; with room again it is done',
  async (change) => {
    await reach(change.from);
    writeHost(lab, change.to);
    const run = await stopAt(lab, 'generation:after');
    rmSync(join(lab.dataDir, 'reserve')); // a short intent may find room behind the last one: not what it needs besides
    fill();
    expect(await run.resume()).toMatchObject({ exitCode: 74 });
    expect(await running()).toBe(change.runs[0]);
    expect(await lab.run(['reconcile', '--allow-prune-all'])).toMatchObject({ exitCode: 74 });
    expect(await running()).toBe(change.runs[0]);
    for (const size of SIZES) rmSync(filler(size), { force: true });
    await reconcile(lab, 0, '--allow-prune-all');
    expect(await running()).toBe(change.runs[1]);
    expect(await lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
  },
);

it.each(CHANGES)('full after the intent of $name: it is done, and recorded', async (change) => {
  await reach(change.from);
  writeHost(lab, change.to);
  const run = await stopAt(lab, 'intent:after');
  fill();
  expect(await run.resume()).toMatchObject({ exitCode: 0 });
  expect(await running()).toBe(change.runs[1]);
  const { records, damage, torn } = readJournal(lab.dataDir);
  expect([damage, torn, openIntents(records)]).toEqual([undefined, undefined, []]);
  expect(records.at(-1)).toMatchObject({ phase: 'done', step: { interface: 'veth0' } });
});

it('read-only: what changes refuses, what runs goes on, what looks still answers', async () => {
  await reach(NATIVE);
  await must('mount', ['-o', 'remount,ro', lab.dataDir]);
  writeHost(lab, { veth0: `mode: native, program: ${OWN}` });
  for (const args of [['reconcile'], ['rollback', '0'], ['detach', '--all', '--reason', 'r']]) {
    const refused = await lab.run(args);
    expect(refused).toMatchObject({ exitCode: 78 });
    expect(refused.stderr).toContain('read-only');
  }
  expect(await running()).toBe('icmp_drop');
  expect(await status(lab)).toMatchObject({ interfaces: [{ condition: 'Pending' }] });
  for (const args of [['history'], ['journal', 'verify'], ['maps']])
    expect({ args, ...(await lab.run(args)) }).toMatchObject({ args, exitCode: 0 });
  await must('mount', ['-o', 'remount,rw', lab.dataDir]);
  await reconcile(lab);
  expect(await running()).toBe('own');
});
