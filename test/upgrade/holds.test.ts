// What an operator told the old build to leave alone: a hold after a rollback, a detach, a suspension.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Lab } from '../lab.js';
import { document, reconcile, status } from '../support/host.js';
import { counts } from '../support/policies.js';
import { running } from '../support/trials.js';
import { createOldLab, install, links, LONG, takeOver } from './installed.js';
import { writeEverything } from './policies.js';
import { Traffic } from './traffic.js';

/** The state files change: pings pass. */
function letPingsIn(lab: Lab): void {
  const file = join(lab.state, 'policies/edge.yaml');
  const policy = JSON.parse(readFileSync(file, 'utf8')) as {
    rules: { name: string; action: unknown }[];
    tests: unknown;
  };
  const rules = policy.rules.map((rule) => (rule.name === 'no-ping' ? { ...rule, action: 'pass' } : rule));
  writeFileSync(file, JSON.stringify({ ...policy, rules, tests: [] }, undefined, 1));
}

it(
  'a hold after a rollback: the state that was left does not come back by itself',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab({ pairs: 2 });
    writeEverything(lab);
    await reconcile(lab);
    letPingsIn(lab);
    await reconcile(lab);
    expect((await lab.ping(2)).received).toBe(2);
    document(await lab.run(['rollback', '--reason', 'pings', '--output', 'json']), 0);
    expect((await lab.ping(2)).received).toBe(0);
    const { hold } = await status(lab);
    const counted = await counts(lab);

    await using traffic = await Traffic.flow(lab);
    const result = await takeOver(lab, 13);
    expect(result.hold).toEqual(hold);
    await traffic.unbroken();
    expect((await lab.ping(2)).received).toBe(0);
    expect((await counts(lab))['no-ping']).toBeGreaterThan(counted['no-ping'] ?? 0);
    expect(await lab.run(['resume'])).toMatchObject({ exitCode: 0 });
    await reconcile(lab);
    expect((await lab.ping(2)).received).toBe(2);
    expect((await status(lab)).hold).toBeUndefined();
  },
);

it('a hold ends when the state files say something else', { timeout: LONG }, async () => {
  await using lab = await createOldLab({ pairs: 2 });
  writeEverything(lab);
  await reconcile(lab);
  expect(await lab.run(['detach', '--all', '--reason', 'the end'])).toMatchObject({ exitCode: 0 });
  await install(lab, 'new');
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false, hold: { generation: 0 } });
  expect((await lab.netShow()).xdp).toEqual([]);
  letPingsIn(lab);
  await reconcile(lab);
  expect((await lab.netShow()).xdp).toHaveLength(2);
});

it('a suspension: nothing is changed, drift neither, until it is resumed', { timeout: LONG }, async () => {
  await using lab = await createOldLab({ pairs: 2 });
  writeEverything(lab);
  await reconcile(lab);
  const suspend = ['suspend', '--reason', 'the switch', '--for', '2h'];
  expect(await lab.run(suspend)).toMatchObject({ exitCode: 0 });
  letPingsIn(lab);
  await reconcile(lab, 13);
  const [{ suspensions }, before, program] = [await status(lab), await links(lab), await running(lab)];

  await install(lab, 'new');
  const waiting = await reconcile(lab, 13);
  expect(waiting).toMatchObject({ changed: false, suspensions });
  expect((await status(lab)).suspensions).toEqual(suspensions);
  expect([await links(lab), await running(lab)]).toEqual([before, program]);
  expect((await lab.ping(2)).received).toBe(0);
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep/interfaces/veth1'));
  expect((await reconcile(lab, 13)).steps).toMatchObject([
    { outcome: 'suspended' },
    { outcome: 'suspended' },
  ]);
  expect(await lab.run(['resume'])).toMatchObject({ exitCode: 0 });
  await reconcile(lab);
  expect((await lab.ping(2)).received).toBe(2);
  expect((await lab.netShow()).xdp).toHaveLength(2);
});
