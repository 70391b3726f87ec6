// 20,000 mutated state files, journals, generations, holds, suspensions and plans: each is answered, none by a bug, none
// with more than 2 s of processor time or 200 MB. `XDPKEEP_FUZZ_SEED` makes another run, `XDPKEEP_FUZZ_COUNT` a longer one.
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { createLab } from '../lab.js';
import { finish } from '../lab/exec.js';
import { ICMP_DROP, OWN, ownProgram, reconcile, writeHost } from '../support/host.js';

const COUNT = Number(process.env['XDPKEEP_FUZZ_COUNT'] ?? 10_500);
const SEED = Number(process.env['XDPKEEP_FUZZ_SEED'] ?? 1);
const MINUTES = 60_000;

it.each([0, 1])(
  'half %i: every file is answered',
  async (half) => {
    await using lab = await createLab();
    const corpus = join(lab.directory, 'corpus');
    // One that is compiled would be a test of the compiler.
    const examples = readdirSync('examples', { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && entry.name !== 'own-program',
    );
    for (const { name } of examples)
      cpSync(join('examples', name), join(corpus, 'state', name), { recursive: true });
    writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });
    await reconcile(lab);
    lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
    writeHost(lab, { veth0: `mode: native, program: ${OWN}` });
    await reconcile(lab);
    for (const args of [['rollback'], ['suspend', '--reason', 'r', '--for', '1h']])
      expect(await lab.run(args)).toMatchObject({ exitCode: 0 });
    mkdirSync(join(corpus, 'data'), { recursive: true });
    cpSync(lab.dataDir, join(corpus, 'data'), { recursive: true });
    expect(await lab.run(['plan', '--out', join(corpus, 'data/plan.json')])).toMatchObject({ exitCode: 13 });

    const fuzz = join(inject('children'), 'fuzz.mjs');
    const args = [corpus, join(lab.directory, 'scratch'), String(SEED * 2 + half), String(COUNT)];
    const ran = await finish(process.execPath, ['--max-old-space-size=200', fuzz, ...args], {
      timeout: 10 * MINUTES,
    });
    expect(ran, ran.stderr).toMatchObject({ exitCode: 0, stderr: '' });
    const said = JSON.parse(ran.stdout) as Record<'accepted' | 'refused' | 'slowestMs' | 'grownKb', number>;
    expect(said.accepted + said.refused).toBe(COUNT);
    expect(said.refused).toBeGreaterThan(COUNT / 4);
    expect(said.slowestMs).toBeLessThan(2000);
    expect(said.grownKb).toBeLessThan(200 << 10);
  },
  11 * MINUTES,
);
