// Pins that somebody removed, added or exchanged by hand: healed without touching what runs, or said, one by one.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { finish, must } from '../lab/exec.js';
import { ICMP_DROP, mapValues, reconcile, status, writeHost } from '../support/host.js';
import { pass } from '../support/pass.js';
import { writePolicy } from '../support/policies.js';

async function converged(lab: Lab): Promise<{ program: number; link: number; digest: string }> {
  writeHost(lab, { 'veth*': `mode: native, program: ${ICMP_DROP}` });
  const [first] = (await reconcile(lab)).interfaces;
  return { program: first?.programId ?? 0, link: first?.linkId ?? 0, digest: first?.digest ?? '' };
}

const pins = (lab: Lab, name = 'veth0') => join(lab.bpffs, 'xdpkeep/interfaces', name);

it('a map pin comes back, with the same map behind the same program', async () => {
  await using lab = await createLab();
  const { program, link, digest } = await converged(lab);
  await lab.ping(3);
  await must('rm', [join(pins(lab), digest, 'maps/icmp_drops')]);
  expect((await status(lab)).interfaces).toMatchObject([{ condition: 'Drifted' }]);
  const healed = await reconcile(lab);
  expect(healed.steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  expect(healed.interfaces).toMatchObject([{ programId: program, linkId: link, condition: 'Ready' }]);
  expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([3]);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});

it('a program pin comes back as a new instance that keeps its maps', async () => {
  await using lab = await createLab();
  const { link, digest } = await converged(lab);
  await lab.ping(3);
  await must('rm', [join(pins(lab), digest, 'program')]);
  expect((await reconcile(lab)).interfaces).toMatchObject([{ linkId: link, digest, condition: 'Ready' }]);
  expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([3]);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});

it('a link pin, or all pins, that were removed detach: the next pass attaches', async () => {
  await using lab = await createLab();
  await converged(lab);
  for (const path of [join(pins(lab), 'link'), join(lab.bpffs, 'xdpkeep')]) {
    await must('rm', ['-r', path]);
    expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
    expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
  }
});

it('a pin that is not ours fails its interface alone, and goes with detach --all', async () => {
  await using lab = await createLab({ pairs: 2 });
  const { program } = await converged(lab);
  await must('bpftool', ['prog', 'pin', 'id', String(program), join(pins(lab), 'stray')]);
  const result = await reconcile(lab, 12);
  expect(result.interfaces).toMatchObject([
    { name: 'veth0', condition: 'Failed' },
    { name: 'veth1', condition: 'Ready' },
  ]);
  expect(result.interfaces[0]?.reason).toContain('stray');
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
  expect((await lab.run(['detach', '--all', '--reason', 'stray pin'])).exitCode).toBe(0);
  expect((await lab.netShow()).xdp).toEqual([]);
  expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);
});

it('two link pins that were exchanged find back to their interfaces', async () => {
  await using lab = await createLab({ pairs: 2 });
  await converged(lab);
  const before = (await lab.netShow()).xdp;
  const [a, b, spare] = [
    join(pins(lab, 'veth0'), 'link'),
    join(pins(lab, 'veth1'), 'link'),
    join(lab.bpffs, 'spare'),
  ];
  await must('mv', [a, spare]);
  await must('mv', [b, a]);
  await must('mv', [spare, b]);
  await reconcile(lab);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
  expect((await lab.netShow()).xdp.map(({ ifindex }) => ifindex)).toEqual(
    before.map(({ ifindex }) => ifindex),
  );
  expect((await status(lab)).interfaces.map(({ condition }) => condition)).toEqual(['Ready', 'Ready']);
  expect(readdirSync(pins(lab)).length).toBe(2);
});

const POLICY = {
  rules: [
    {
      name: 'limited',
      match: { protocol: 'udp' },
      rateLimit: { packetsPerSecond: 100, per: 'source' },
      action: 'drop',
    },
    { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' },
  ],
};

it('every pin of a policy, one by one and then all: each is healed, and the filter decides on', async () => {
  await using lab = await createLab();
  writePolicy(lab, POLICY);
  await reconcile(lab);
  const all = () =>
    readdirSync(pins(lab), { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes('/rows/')) // names for people: the filter does without them
      .sort();
  const whole = all();
  expect(whole.length).toBeGreaterThan(5);
  for (const path of whole) {
    rmSync(path, { recursive: true });
    await pass(lab);
    expect(await pass(lab), path).toMatchObject({ changed: false, interfaces: [{ condition: 'Ready' }] });
    expect(all(), path).toEqual(whole);
    expect(await lab.ping(1), path).toEqual({ sent: 1, received: 0 });
  }
  rmSync(join(pins(lab), 'rows'), { recursive: true });
  expect(await pass(lab)).toMatchObject({ changed: false });
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
  rmSync(join(lab.bpffs, 'xdpkeep'), { recursive: true });
  await pass(lab);
  expect(all()).toEqual(whole);
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
});

it('maps that are edited by hand: the rules of a policy cannot be, what a program counts goes on from there', async () => {
  await using lab = await createLab();
  writePolicy(lab, POLICY);
  const [row] = (await reconcile(lab)).interfaces;
  const { map_ids: ids } = await shown<{ map_ids: number[] }>('prog', String(row?.programId));
  const maps = await Promise.all(
    ids.map((id) =>
      shown<{ id: number; name: string; bytes_value: number; frozen: number }>('map', String(id)),
    ),
  );
  const tables = maps.filter(({ name }) => name.includes('.data.tables'));
  expect(tables).toMatchObject([{ frozen: 1 }]);
  const zeros = Array<string>(tables[0]?.bytes_value ?? 0).fill('0');
  const edit = ['map', 'update', 'id', String(tables[0]?.id), 'key', '0', '0', '0', '0', 'value', ...zeros];
  expect(await finish('bpftool', edit)).not.toMatchObject({ exitCode: 0 });
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });

  const { digest } = await converged(lab);
  const drops = join(pins(lab), digest, 'maps/icmp_drops');
  const { max_entries: entries, bytes_value: bytes } = JSON.parse(
    await must('bpftool', ['-j', 'map', 'show', 'pinned', drops]),
  ) as { max_entries: number; bytes_value: number };
  expect([entries, bytes]).toEqual([1, 8]);
  await must('bpftool', [
    'map',
    'update',
    'pinned',
    drops,
    'key',
    ...'0 0 0 0 value 100 0 0 0 0 0 0 0'.split(' '),
  ]);
  expect(await pass(lab)).toMatchObject({ changed: false });
  await lab.ping(2);
  expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([102]);
});

async function shown<T>(kind: 'prog' | 'map', id: string): Promise<T> {
  return JSON.parse(await must('bpftool', ['-j', kind, 'show', 'id', id])) as T;
}
