// Maps beside the instances: those of blocks are full before anybody asks them, those of sets go with their last user.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeDirectory, writeSymlink } from '../../src/kernel/bpffs.js';
import { holdBlocks } from '../../src/apply/fill-block-map.js';
import { sweepSets } from '../../src/apply/sweep-sets.js';
import type { ObservedState } from '../../src/model/observed.js';
import { FakeHost } from '../fakes/host.js';
import { instance, map, observed, owned } from '../support/states.js';

const ENTRY = { network: { family: 4, a: 1, b: 0, c: 0, d: 0, length: 32 }, until: 9n } as const;

it('a map of blocks is made once, and filled each time', async () => {
  const host = new FakeHost();
  const hold = (entries: (typeof ENTRY)[], lost?: number) =>
    host.locked((lock) => Promise.resolve(holdBlocks(lock, host.kernel.pins, 'a', entries, { lost })));
  const first = await hold([]);
  expect(first).toMatchObject({ name: 'blocks', type: 11 });
  expect(await hold([ENTRY])).toEqual(first);
  expect(host.kernel.blocksOf(first.id)).toEqual([ENTRY]);
  expect(host.kernel.opened).toBe(0);

  // It lost its pin, and somebody still uses it: no other one is made.
  using using_ = host.kernel.openPin(host.kernel.pins.blocks('a'));
  rmSync(host.kernel.pins.blocks('a'));
  expect(await hold([], first.id)).toEqual(first);
  using_?.[Symbol.dispose]();
  rmSync(host.kernel.pins.blocks('a'));
  expect((await hold([], first.id)).id, 'nobody does').not.toBe(first.id);
});

it('a map that cannot be filled is no map', async () => {
  const host = new FakeHost();
  host.kernel.failOnce('fillBlockMap', new Error('full'));
  const { pins } = host.kernel;
  await expect(
    host.locked((lock) => Promise.resolve().then(() => holdBlocks(lock, pins, 'a', [], {}))),
  ).rejects.toThrow('full');
  expect(existsSync(pins.interface('a'))).toBe(false);
});

it('sets that no instance uses lose their pins, and folders go with the last one', async () => {
  const host = new FakeHost();
  const { pins } = host.kernel;
  const make = (name: string, pin: string) => {
    makeDirectory(pins.list(name));
    using made = host.kernel.createBlockMap();
    host.kernel.pin(made.number, pins.set(name, pin));
    return host.kernel.mapInfo(made).id;
  };
  const sweep = (state: ObservedState) =>
    host.locked((lock) => {
      sweepSets(lock, pins, state);
      return Promise.resolve();
    });
  await sweep(observed([]));
  const used = make('bad', 'used');
  make('bad', 'unused');
  make('gone', 'unused');
  writeSymlink(join(pins.list('gone'), 'note'), 'no pin');
  const running = owned('a', {
    instances: [instance('x'), instance('aaaa', 10, [map('set0', { id: used })])],
  });
  await sweep(observed([], [owned('b'), running]));
  const there = (name: string, pin: string) => existsSync(pins.set(name, pin));
  expect([there('bad', 'used'), there('bad', 'unused'), there('gone', 'unused')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(existsSync(pins.list('gone')), 'what is no pin is left').toBe(true);
  rmSync(pins.list('gone'), { recursive: true });
  await sweep(observed([]));
  expect(existsSync(pins.root)).toBe(false);
});
