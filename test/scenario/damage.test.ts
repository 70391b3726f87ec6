// A damaged journal: what changes things refuses, what looks ahead says so as well, what only looks still answers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { ICMP_DROP, reconcile, writeHost } from '../support/host.js';

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
