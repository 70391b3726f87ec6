// A damaged journal: what changes things refuses, what looks ahead says so as well, what only looks still answers. One
// that was cut off in its last record is none. What runs goes on running, whatever becomes of the disk.
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readJournal } from '../../src/journal/read.js';
import { createLab, type Lab } from '../lab.js';
import { ICMP_DROP, OWN, ownProgram, reconcile, status, writeHost } from '../support/host.js';
import { pass, passCode } from '../support/pass.js';

it('is refused by every command that would change something, a dry run and an idle resume included', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });
  await reconcile(lab);
  const file = join(lab.dataDir, 'journal.ndjson');
  writeFileSync(file, readFileSync(file, 'utf8').replace('not attached', 'attached'));
  for (const args of [
    ['reconcile'],
    ['reconcile', '--dry-run'],
    ['resume'],
    ['rollback', '0'],
    ['detach', '--all', '--reason', 'r'],
  ]) {
    const { exitCode, stderr } = await lab.run(args);
    expect({ args, exitCode }).toEqual({ args, exitCode: 74 });
    expect(stderr).toContain('help: Run `xdpkeep journal repair`');
  }
  for (const args of [['status'], ['maps'], ['history'], ['journal', 'show']]) {
    expect({ args, ...(await lab.run(args)) }).toMatchObject({ args, exitCode: 0 });
  }
  expect((await lab.netShow()).xdp).toHaveLength(1);
  expect(await lab.run(['journal', 'repair'])).toMatchObject({ exitCode: 0 });
  expect(await lab.run(['reconcile', '--dry-run', '--detailed-exitcode'])).toMatchObject({ exitCode: 0 });
});

const NATIVE = { veth0: `mode: native, program: ${ICMP_DROP}` };
const OTHER = { veth0: `mode: native, program: ${OWN}` };

/** Three changes: attach, update and detach, then an attach again. */
async function storied(lab: Lab): Promise<{ file: string; whole: Buffer }> {
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
  for (const interfaces of [NATIVE, OTHER, {}, NATIVE]) {
    writeHost(lab, interfaces);
    await pass(lab, { allowPrune: true });
  }
  const file = join(lab.dataDir, 'journal.ndjson');
  return { file, whole: readFileSync(file) };
}

/** Bytes; the journal's own tests cut at every one. */
const STEP = 11;

it('a journal cut anywhere in its last record: the pass settles what it does not know, and goes on', async () => {
  await using lab = await createLab();
  const { file, whole } = await storied(lab);
  const { xdp } = await lab.netShow();
  const last = whole.lastIndexOf(10, whole.length - 2) + 1;
  for (let size = last; size < whole.length; size += STEP) {
    writeFileSync(file, whole.subarray(0, size));
    expect(await passCode(lab), `cut to ${size} bytes`).toBe(0);
    const { records, damage, torn } = readJournal(lab.dataDir);
    expect([damage, torn]).toEqual([undefined, undefined]);
    expect(records.at(-1)).toMatchObject({
      phase: 'done',
      note: expect.stringMatching(/^recovered: /) as string,
    });
  }
  expect((await lab.netShow()).xdp).toEqual(xdp);
});

it('a bit flipped in any earlier record: exit 74, untouched; status answers; a repair goes on', async () => {
  await using lab = await createLab();
  const { file, whole } = await storied(lab);
  const { xdp } = await lab.netShow();
  writeHost(lab, OTHER);
  const spare = join(lab.directory, 'journal');
  copyFileSync(file, spare);
  let start = 0;
  for (let line = 1; ; line++) {
    const end = whole.indexOf(10, start);
    if (end + 1 === whole.length) break;
    const flipped = Buffer.from(whole);
    const at = start + ((line * 37) % (end - start));
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (line % 7)), at);
    writeFileSync(file, flipped);
    expect(await passCode(lab), `line ${line}`).toBe(74);
    expect(await passCode(lab, { dryRun: true }), `line ${line}`).toBe(74);
    const damaged = readJournal(lab.dataDir).damage?.line ?? 0;
    expect([line, line + 1, line - 1]).toContain(damaged);
    start = end + 1;
  }
  expect((await lab.netShow()).xdp).toEqual(xdp);
  expect((await status(lab)).interfaces).toMatchObject([{ condition: 'Pending' }]);
  expect(await lab.run(['journal', 'repair'])).toMatchObject({ exitCode: 0 });
  expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
});

it('a journal that was deleted is damage; without its data directory a host begins anew, around what runs', async () => {
  await using lab = await createLab();
  const { file } = await storied(lab);
  const { xdp } = await lab.netShow();
  rmSync(file);
  const refused = await lab.run(['reconcile']);
  expect(refused).toMatchObject({ exitCode: 74 });
  expect(refused.stderr).toContain('the journal is gone');
  expect((await lab.netShow()).xdp).toEqual(xdp);

  rmSync(lab.dataDir, { recursive: true });
  expect(await reconcile(lab)).toMatchObject({
    changed: false,
    generation: 1,
    interfaces: [{ condition: 'Ready' }],
  });
  expect((await lab.netShow()).xdp).toEqual(xdp);
  writeHost(lab, OTHER);
  expect((await reconcile(lab)).steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  expect(readdirSync(lab.dataDir)).toContain('journal.ndjson');
});
