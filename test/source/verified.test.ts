// A long history is verified once, however often a pass ends before its end; other keys, and everything is asked anew.
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { scratch } from '../desired/state-dir.js';
import { SignedWorld } from '../support/signed-world.js';

/** How often ssh-keygen runs while something is done. */
function counter() {
  const bin = scratch();
  const log = join(bin, 'runs');
  writeFileSync(join(bin, 'ssh-keygen'), `#!/bin/sh\necho run >> ${log}\nexec /usr/bin/ssh-keygen "$@"\n`);
  chmodSync(join(bin, 'ssh-keygen'), 0o755);
  const { PATH } = process.env;
  process.env['PATH'] = `${bin}:${PATH ?? ''}`;
  onTestFinished(() => {
    process.env['PATH'] = PATH;
  });
  return async (work: () => Promise<unknown>) => {
    rmSync(log, { force: true });
    writeFileSync(log, '');
    await work();
    return readFileSync(log, 'utf8').split('\n').length - 1;
  };
}

test(
  'commits that were verified are not verified again, until the keys change',
  { timeout: 60_000 },
  async () => {
    const world = await SignedWorld.create();
    const { repository } = world;
    await world.begin();
    for (let one = 0; one < 6; one++) await repository.commit(`${one}`, {}, { key: 'ada' });
    await repository.commit('unsigned');
    const runs = counter();
    // Two runs a commit: whose key it is, and whether that may sign and has.
    expect(await runs(() => world.refusal())).toBe(12);
    expect(await runs(() => world.refusal())).toBe(0);
    repository.revoke('revoked', 'ada');
    let message = '';
    await runs(async () => (message = (await world.refusal()).message));
    expect(message).toContain('(ada@example.org), which is revoked');
  },
);
