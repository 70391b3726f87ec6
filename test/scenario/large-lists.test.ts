// Long lists are maps of their own: one for all interfaces that ask, replaced without a gap, gone with the last that asks.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { reconcile, writeHost } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';

/** 172.16.x.y, every other one: longer than what is looked up in a policy's own tables. */
function writeList(lab: Lab, count: number, from = 0): void {
  const line = (at: number): string => `172.${16 + (at >> 15)}.${(at >> 7) & 255}.${(2 * at) & 255}\n`;
  const text = Array.from({ length: count }, (_, at) => line(from + at)).join('');
  lab.writeState({ 'lists/blocked.txt': text });
}

function writePolicy(lab: Lab, direction: 'source' | 'destination', name: string): void {
  const match = { [direction]: { list: 'blocked' } };
  const lists = { blocked: { maxShrink: '100%' } };
  const text = policyFile(name, { lists, rules: [{ name: 'blocked', match, action: 'drop' }] });
  lab.writeState({ [`policies/${name}.yaml`]: text });
}

const setsOf = (lab: Lab): string[] => {
  const folder = join(lab.bpffs, 'xdpkeep/lists/blocked');
  return existsSync(folder) ? readdirSync(folder) : [];
};

async function setIds(lab: Lab, name: string): Promise<number[]> {
  const folder = join(lab.bpffs, 'xdpkeep/interfaces', name);
  const [digest = ''] = readdirSync(folder).filter((one) => /^[0-9a-f]{16}$/.test(one));
  const shown = await lab.exec('bpftool', '-j', 'map', 'show', 'pinned', join(folder, digest, 'maps/set0'));
  return [(JSON.parse(shown) as { id: number }).id];
}

it('one map serves all interfaces and both directions; a change makes one more, and the old one goes', async () => {
  await using lab = await createLab({ pairs: 2 });
  writePolicy(lab, 'source', 'from');
  writePolicy(lab, 'destination', 'to');
  writeHost(lab, { veth0: 'mode: native, policy: from', veth1: 'mode: native, policy: to' });
  writeList(lab, 3000);
  await reconcile(lab, 0, '--dry-run');
  expect(setsOf(lab)).toEqual([]);

  await reconcile(lab);
  const [first, ...others] = setsOf(lab);
  expect(others).toEqual([]);
  expect(first).toMatch(/^[0-9a-f]{16}-3$/);
  expect(await setIds(lab, 'veth0')).toEqual(await setIds(lab, 'veth1'));
  await lab.send({ source: ip('172.16.0.4'), protocol: 17, destinationPort: 9 }, 5, 'veth0');
  await lab.send({ source: ip('172.16.0.5'), protocol: 17, destinationPort: 9 }, 3, 'veth0');
  await lab.send(
    { source: ip('172.16.0.4'), destination: ip('172.16.2.2'), protocol: 17, destinationPort: 9 },
    2,
    'veth1',
  );
  await expect.poll(() => counts(lab)).toMatchObject({ blocked: 5 });
  await expect.poll(() => counts(lab, 'veth1')).toMatchObject({ blocked: 2 });

  writeList(lab, 3001, 1);
  await reconcile(lab);
  expect(setsOf(lab)).toHaveLength(1);
  expect(setsOf(lab)).not.toContain(first);
  await reconcile(lab, 0);
  expect(setsOf(lab)).toHaveLength(1);

  writeList(lab, 10);
  await reconcile(lab);
  expect(existsSync(join(lab.bpffs, 'xdpkeep/lists'))).toBe(false);
});

it('an address that is in the list before and after a change is never let through', async () => {
  await using lab = await createLab();
  writePolicy(lab, 'source', 'from');
  writeHost(lab, { veth0: 'mode: native, policy: from' });
  writeList(lab, 20_000);
  await reconcile(lab);
  const passed = await lab.icmpReceived();
  const source = ip('172.16.12.0');
  await using flood = await lab.flood({
    frames: 1e9,
    seconds: 600,
    packets: [{ protocol: 1, icmpType: 0, source }],
  });
  let dropped = (await counts(lab))['blocked'] ?? 0;
  for (const count of [20_100, 20_050, 3000, 60_000]) {
    writeList(lab, count);
    expect((await reconcile(lab)).steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
    const now = (await counts(lab))['blocked'] ?? 0;
    expect(now).toBeGreaterThan(dropped);
    dropped = now;
  }
  await flood.stop();
  expect(await lab.icmpReceived()).toBe(passed);
});

it('a change of a long list, however little, is another map, and the old one goes', async () => {
  await using lab = await createLab();
  writePolicy(lab, 'source', 'from');
  writeHost(lab, { veth0: 'mode: native, policy: from' });
  writeList(lab, 20_000);
  await reconcile(lab);
  let before = setsOf(lab);
  const [first, kept, last, added] = ['172.16.0.0', '172.16.0.20', '172.16.156.62', '172.16.156.64'];
  const expectDropped = async (dropped: string[], passed: string[]): Promise<void> => {
    const counted = (await counts(lab))['blocked'] ?? 0;
    for (const source of [...passed, ...dropped])
      await lab.send({ source: ip(source), protocol: 17, destinationPort: 9 }, 3);
    await expect.poll(() => counts(lab)).toMatchObject({ blocked: counted + 3 * dropped.length });
  };
  await expectDropped([first, kept, last], [added, '172.16.0.1']);

  for (const [count, from, dropped, passed] of [
    [20_000, 1, [kept, last, added], [first, '172.16.0.1']],
    [20_000, 0, [first, kept, last], [added, '172.16.0.1']],
    [19_999, 2, [kept, last, added], [first, '172.16.0.2']],
    [30_000, 0, [first, kept, last, added], ['172.16.0.1']],
  ] as const) {
    writeList(lab, count, from);
    await reconcile(lab);
    const pins = setsOf(lab);
    expect(pins).toHaveLength(1);
    expect(pins).not.toEqual(before);
    await expectDropped([...dropped], [...passed]);
    await reconcile(lab, 0);
    expect(setsOf(lab)).toEqual(pins);
    before = pins;
  }
});

it('a short list takes a few kilobytes of the kernel, and so does one that is just long enough for a map', async () => {
  await using lab = await createLab();
  writePolicy(lab, 'source', 'from');
  writeHost(lab, { veth0: 'mode: native, policy: from' });
  const interfaces = join(lab.bpffs, 'xdpkeep/interfaces/veth0');
  const bytes = async (): Promise<number> => {
    const [digest = ''] = readdirSync(interfaces).filter((one) => /^[0-9a-f]{16}$/.test(one));
    let sum = 0;
    // The buffer of sampled packets is one for all interfaces, whatever their lists.
    for (const map of readdirSync(join(interfaces, digest, 'maps')).filter((one) => one !== 'samples')) {
      const path = join(interfaces, digest, 'maps', map);
      const shown = await lab.exec('bpftool', '-j', 'map', 'show', 'pinned', path);
      sum += (JSON.parse(shown) as { bytes_memlock: number }).bytes_memlock;
    }
    return sum;
  };
  for (const [count, most] of [
    [10, 20], // tables and tap, two pages each
    [300, 64],
  ] as const) {
    writeList(lab, count);
    await reconcile(lab);
    expect(await bytes()).toBeGreaterThan(0);
    expect(await bytes()).toBeLessThan(most * 1024);
  }
});

it('a pin is believed by what is in it, and a list whose old content is lost can still change', async () => {
  await using lab = await createLab();
  writePolicy(lab, 'source', 'from');
  writeHost(lab, { veth0: 'mode: native, policy: from' });
  writeList(lab, 3000);
  await reconcile(lab);
  const [name = ''] = setsOf(lab);
  const path = join(lab.bpffs, 'xdpkeep/lists/blocked', name);
  rmSync(path);
  const empty = ['type', 'array', 'key', '4', 'value', '4096', 'entries', '1', 'name', 'empty'];
  await lab.exec('bpftool', 'map', 'create', path, ...empty);
  const match = { source: { list: 'blocked' } };
  const rules = [
    { name: 'blocked', match, action: 'drop' },
    { name: 'more', match: { protocol: 'tcp' }, action: 'drop' },
  ];
  lab.writeState({ 'policies/from.yaml': policyFile('from', { rules }) });
  await reconcile(lab);
  expect(setsOf(lab)).toEqual([name]);
  await lab.send({ source: ip('172.16.0.4'), protocol: 17, destinationPort: 9 }, 5);
  await expect.poll(() => counts(lab)).toMatchObject({ blocked: 5 });

  const objects = join(lab.dataDir, 'objects');
  for (const one of readdirSync(objects)) if (one.endsWith('.set')) rmSync(join(objects, one));
  writeList(lab, 2900);
  expect(await reconcile(lab)).toMatchObject({ lists: [{ name: 'blocked', ranges: 2900 }] });
});
