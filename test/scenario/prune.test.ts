// State files that lost their interfaces: nothing is detached before somebody says that it is meant.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { document, ICMP_DROP, reconcile, writeHost } from '../support/host.js';
import { snapshot } from '../support/world.js';

const RUNS = `mode: native, program: ${ICMP_DROP}`;

async function converged(pairs: number): Promise<Lab> {
  const lab = await createLab({ pairs });
  writeHost(lab, Object.fromEntries(lab.network.pairs.map(({ name }) => [name, RUNS])));
  await reconcile(lab);
  return lab;
}

const LOSSES = [
  { name: 'everything', pairs: 1, left: {}, says: 'nothing that runs would be left: veth0' },
  { name: 'two of three', pairs: 3, left: { veth1: RUNS }, says: '2 of 3 interfaces would be detached' },
  { name: 'a name with a typo', pairs: 2, left: { veth0: RUNS, vteh1: RUNS }, says: 'vteh1 does not exist' },
];

it.each(LOSSES)('$name: exit 15, untouched, until it is allowed', async ({ pairs, left, says }) => {
  await using lab = await converged(pairs);
  writeHost(lab, left);
  const before = await snapshot(lab);
  for (const args of [['reconcile'], ['reconcile', '--dry-run']]) {
    const refused = await lab.run(args);
    expect(refused).toMatchObject({ exitCode: 15, stdout: '' });
    expect(refused.stderr).toContain(says);
    expect(refused.stderr).toContain('help: Nothing was changed. If it is meant');
  }
  expect(await snapshot(lab)).toEqual(before);
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });

  const exitCode = 'vteh1' in left ? 12 : 0;
  const allowed = await reconcile(lab, exitCode, '--allow-prune-all');
  expect(allowed.steps.filter(({ action }) => action === 'detach')).toHaveLength(
    pairs - Object.keys(left).filter((name) => name.startsWith('veth')).length,
  );
});

it('less than that goes without a word', async () => {
  await using lab = await converged(3);
  writeHost(lab, { veth0: RUNS, veth1: RUNS });
  expect((await reconcile(lab)).steps).toContainEqual(
    expect.objectContaining({ interface: 'veth2', action: 'detach', outcome: 'done' }),
  );
});

it('a rollback and detach --all are asked for by name, and finish after a kill', async () => {
  await using lab = await converged(2);
  document(await lab.run(['rollback', '0', '--output', 'json']), 0);
  expect((await lab.netShow()).xdp).toEqual([]);
  expect(await lab.run(['resume'])).toMatchObject({ exitCode: 0 });
  await reconcile(lab);
  const killed = await lab.run(['detach', '--all', '--reason', 'r'], {
    env: { XDPKEEP_FAILPOINT: 'drop-link:after' },
  });
  expect(killed.signal).toBe('SIGKILL');
  expect((await lab.netShow()).xdp).toHaveLength(1);
  await reconcile(lab, 13);
  expect((await lab.netShow()).xdp).toEqual([]);
});

it('holds for --watch, which says so and goes on', async () => {
  await using lab = await converged(1);
  expect(await lab.run(['reconcile', '--watch', '--allow-prune-all'])).toMatchObject({ exitCode: 64 });
  const daemon = lab.start(['reconcile', '--watch'], { env: { XDPKEEP_LOG_LEVEL: 'debug' } });
  let log = '';
  daemon.stderr.on('data', (data: Buffer) => (log += data.toString()));
  await expect.poll(() => log).toContain('"reconciled"');
  writeHost(lab, {});
  await expect.poll(() => log).toContain('nothing that runs would be left');
  expect((await lab.netShow()).xdp).toHaveLength(1);
  writeHost(lab, { veth0: `mode: generic, program: ${ICMP_DROP}` });
  await expect.poll(async () => (await lab.netShow()).xdp).toMatchObject([{ mode: 'generic' }]);
  daemon.kill('SIGTERM');
  expect(await daemon).toMatchObject({ exitCode: 0 });
});

const SPOILED: Record<string, (file: string) => void> = {
  missing: (file) => {
    rmSync(file);
  },
  empty: (file) => {
    writeFileSync(file, '');
  },
  unreadable: (file) => {
    rmSync(file);
    symlinkSync(file, file);
  },
  'a folder': (file) => {
    rmSync(file);
    mkdirSync(file);
  },
};

it.each(Object.keys(SPOILED))('a host file that is %s is an error, whatever is allowed', async (how) => {
  await using lab = await converged(1);
  const before = await snapshot(lab);
  SPOILED[how]?.(join(lab.state, 'hosts/lab.yaml'));
  const refused = await lab.run(['reconcile', '--allow-prune-all']);
  expect([65, 66], refused.stderr).toContain(refused.exitCode);
  expect(refused.stderr).toMatch(/hosts|lab/);
  expect(await snapshot(lab)).toEqual(before);
});
