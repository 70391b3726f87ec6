// Maps of blocked sources before a pass plans anything, on a kernel that is made up: which interfaces get one, and what it holds.
import { rmSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { addBlock, type NewBlock } from '../../src/journal/block-writer.js';
import { readStoredBlocks } from '../../src/journal/blocks.js';
import { blocksFile } from '../../src/journal/paths.js';
import { uptime } from '../../src/kernel/boot.js';
import type { BlockEntry } from '../../src/model/blocks.js';
import type { DesiredState } from '../../src/model/desired.js';
import type { ObservedState } from '../../src/model/observed.js';
import { bringBlocks, entriesFor } from '../../src/pass/block-maps.js';
import { PassHost } from '../fakes/pass.js';
import { policy } from '../policy/policy.js';
import { desired, map, wanted } from '../support/states.js';

let host: PassHost;
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
});

const guarded = (name: string) => {
  const one = wanted(name);
  return { ...one, program: { ...one.program, firewall: { policy: policy([]), protections: [] } } };
};
const both = desired(guarded('a'), guarded('b'));
const network = (a: number) => ({ family: 4 as const, a, b: 0, c: 0, d: 0, length: 32 });
const block = (change: Partial<NewBlock> = {}) =>
  host.locked((lock) => {
    const about = { cidr: '192.0.2.1', network: network(1), owner: 'operator', reason: '', by: 'root' };
    return Promise.resolve(addBlock(lock, { ...about, duration: 60_000, ...change }));
  });

interface How {
  interfaces?: 'all' | ReadonlySet<string>;
  look?: boolean;
  found?: ObservedState;
}
const bring = (want: DesiredState, { interfaces = 'all', look = false, found }: How = {}) =>
  host.opened((place, journal) => {
    const seen = found ?? host.kernel.observe();
    const from = { ...place, lock: look ? undefined : place.lock };
    const made = bringBlocks(from, look ? undefined : journal(), { desired: want, interfaces }, seen);
    return Promise.resolve({ ...made, seen });
  });
const idsOf = ({ owned }: ObservedState) => owned.map(({ name, blocks }) => [name, blocks?.id]);
/** What the map of an interface holds, by the first word of networks. */
const held = (name: string) => {
  const id = host.kernel.observe().owned.find((one) => one.name === name)?.blocks?.id ?? 0;
  return (host.kernel.blocksOf(id) as BlockEntry[]).map((entry) => entry.network.a);
};

test('each interface that wants a policy gets a map with what concerns it, once', async () => {
  await block();
  await block({ network: network(2), cidr: '192.0.2.2', interface: 'b' });
  const { observed, warnings } = await bring(both);
  expect(warnings).toEqual([]);
  expect(idsOf(observed)).toEqual(idsOf(host.kernel.observe()));
  expect([held('a'), held('b')]).toEqual([[1], [1, 2]]);
  const again = await bring(both);
  expect(again.observed).toEqual(again.seen);
  expect(idsOf(again.observed)).toEqual(idsOf(observed));
});

test('one that is there is brought up to date, though nothing wants a policy any more', async () => {
  await block();
  await bring(both);
  await block({ network: network(3), cidr: '192.0.2.3', interface: 'a' });
  await bring(desired());
  expect([held('a'), held('b')]).toEqual([[1, 3], [1]]);
});

test('only interfaces that may be touched get one', async () => {
  await block();
  const { observed } = await bring(both, { interfaces: new Set(['b']) });
  expect(observed.owned.map(({ name }) => name)).toEqual(['b']);
  expect(host.kernel.observe().owned.map(({ name }) => name)).toEqual(['b']);
});

test('who only looks sees what would be made, and makes nothing', async () => {
  await block();
  const { observed } = await bring(both, { look: true });
  const made = { name: 'blocks', id: 0, type: 0, keySize: 0, valueSize: 0, maxEntries: 0, flags: 0 };
  expect(observed.owned).toEqual([
    { name: 'a', instances: [], blocks: made },
    { name: 'b', instances: [], blocks: made },
  ]);
  expect(host.kernel.observe().owned).toEqual([]);
});

test('what is over is forgotten by who may write, and left out by who looks', async () => {
  await block({ duration: -1000 });
  expect((await bring(both, { look: true })).observed.owned).toEqual([]);
  expect(readStoredBlocks(host.dataDir)).toHaveLength(1);
  expect((await bring(both)).observed.owned).toEqual([]);
  expect(readStoredBlocks(host.dataDir)).toEqual([]);
});

test('the map that the running program asks is pinned again, and no other one made', async () => {
  await block();
  await bring(desired(guarded('a')));
  const [first] = host.kernel.observe().owned;
  const id = first?.blocks?.id ?? 0;
  const seen = host.kernel.observe();
  using _held = host.kernel.openMap(id);
  rmSync(host.kernel.pins.blocks('a'));
  const link = { id: 20, programId: 10, ifindex: 2 };
  const running = { digest: 'aaaa', programId: 10, maps: [map('tables')], lost: [{ name: 'blocks', id }] };
  const found = { ...seen, owned: [{ name: 'a', link, instances: [running], counters: map('counters') }] };
  const { observed } = await bring(desired(guarded('a'), guarded('b')), { found });
  expect(observed.owned[0]?.blocks?.id).toBe(id);
  expect(observed.owned[1]?.name).toBe('b');
  expect(observed.owned[1]?.blocks?.id).not.toBe(id);
});

test('blocks follow an interface that was renamed; its map stays, and no other is made before its pins have moved', async () => {
  await host.bring(wanted('a'));
  await block({ interface: 'a' });
  const pinned = desired(guarded('a'));
  await bring(pinned);
  host.kernel.rename('a', 'wan');
  const { observed, seen } = await bring(desired(guarded('wan'), guarded('b')));
  expect(readStoredBlocks(host.dataDir)).toMatchObject([{ interface: 'wan' }]);
  expect(observed).toEqual(seen);
  expect(held('a'), 'the pins are where they were').toEqual([1]);
});

test('where the blocks cannot be read, what the kernel has stays, and is told', async () => {
  await block();
  await bring(both);
  writeFileSync(blocksFile(host.dataDir), 'nonsense');
  const { observed, seen, warnings } = await bring(both);
  expect(observed).toBe(seen);
  expect(warnings).toEqual([expect.stringMatching(/^blocks stay as the kernel has them: .*is damaged/)]);
  expect(held('a')).toEqual([1]);
});

test('a kernel that refuses fails the pass', async () => {
  await block();
  host.kernel.failOnce('fillBlockMap', new TypeError('a bug'));
  await expect(bring(both)).rejects.toThrow('a bug');
});

test('an entry ends at the nanosecond of this boot that the block names', async () => {
  const now = uptime();
  const { stored } = await block();
  const [entry] = entriesFor('a', stored);
  const seconds = Number(entry?.until ?? 0n) / 1e9;
  expect(seconds).toBeGreaterThanOrEqual(now + 59);
  expect(seconds).toBeLessThan(now + 120);
  expect(entriesFor('a', stored)).toEqual([{ network: network(1), until: entry?.until }]);
});
