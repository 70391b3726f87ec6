// Effects on pins, one by one: what an instance is pinned with, what moves, what comes back, and what is left behind.
import { existsSync, readlinkSync, rmSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  clean,
  discard,
  dropLink,
  link,
  movePins,
  pinInstance,
  repin,
  takeOver,
} from '../../src/apply/effects.js';
import { BLOCKS, COUNTERS } from '../../src/kernel/pin-paths.js';
import type { Pins } from '../../src/kernel/pins.js';
import type { Candidate } from '../../src/prove/candidate.js';
import type { FakeKernel } from '../fakes/kernel.js';
import { VANISHED, entries, makeKernel, pinnedInstance, thrown } from './made-up.js';

let kernel: FakeKernel;
let pins: Pins;
beforeEach(() => {
  kernel = makeKernel();
  ({ pins } = kernel);
});
const instance = (digest: string, name?: string, maps?: { name: string }[]) =>
  pinnedInstance(kernel, digest, name, maps);
const nothingOpen = () => {
  expect(kernel.opened).toBe(0);
};

describe('an instance is pinned', () => {
  it('with the maps that it made, and in the place of one that was begun', () => {
    instance('aaaa');
    using object = kernel.load('aaaa', [
      { name: 'x' },
      { name: 'in', internal: true },
      { name: 'theirs', made: false },
    ]);
    pinInstance(pins, 'a', 'aaaa', { object });
    expect(entries(pins.maps('a', 'aaaa'))).toEqual(['x']);
    using program = kernel.openPin(pins.program('a', 'aaaa'));
    expect(program && kernel.programId(program)).toBe(object.id);
  });

  const sections = ['.data.tables', '.data.tap'];
  const policy = (pinned: boolean, added = [{ row: 'ssh', slot: 7 }]): Candidate => ({
    object: kernel.load(
      'pppp',
      [COUNTERS, BLOCKS, 'sets', ...sections, 'samples'].map((name) => ({ name })),
    ),
    rows: { slots: new Map(), added, pinned },
  });

  it('with the rows of a policy: their slots empty, and counters and blocks beside the instances', () => {
    const candidate = policy(false);
    pinInstance(pins, 'a', 'pppp', candidate);
    expect(kernel.zeroed).toEqual([7]);
    expect(readlinkSync(`${pins.rows('a')}/7`)).toBe('ssh');
    expect(entries(pins.interface('a'))).toEqual([COUNTERS, 'pppp', 'rows']);
    // What is shared has no pin in the instance; tables and tap have others than their sections.
    const maps = entries(pins.maps('a', 'pppp')) ?? [];
    expect(maps).toEqual(expect.arrayContaining(['samples', 'tables', 'tap']));
    for (const shared of [COUNTERS, BLOCKS]) expect(maps).not.toContain(shared);
    pinInstance(pins, 'a', 'pppp', policy(true, [{ row: 'web', slot: 8 }]));
    expect(entries(pins.rows('a'))).toEqual(['7', '8']);
    expect(kernel.zeroed).toEqual([7, 8]);
  });

  it('with counters that are a map like any other where it is no policy', () => {
    instance('aaaa', 'a', [{ name: COUNTERS }]);
    expect(entries(pins.maps('a', 'aaaa'))).toEqual([COUNTERS]);
    expect(entries(pins.interface('a'))).toEqual(['aaaa']);
  });

  it('with its sets, each found again by its name, and exchanged where the pin holds another one', () => {
    const open = () => {
      const map = kernel.createBlockMap();
      return { name: 'bad', pin: 'content', map: map as never, bytes: 8, id: kernel.mapInfo(map).id };
    };
    const [first, second] = [open(), open()];
    const pinned = () => {
      using map = kernel.openPin(pins.set('bad', 'content'));
      return map && kernel.mapInfo(map).id;
    };
    const bring = (set: typeof first) => {
      using object = kernel.load('ssss');
      pinInstance(pins, 'a', 'ssss', { object, sets: [set] });
    };
    bring(first);
    expect(pinned()).toBe(first.id);
    expect(entries(pins.maps('a', 'ssss'))).toEqual(['set0']);
    kernel.failOnce('pin', new Error('not the set: it is there'));
    expect(
      thrown(() => {
        bring(first);
      }),
    ).toMatchObject({ message: 'not the set: it is there' });
    expect(pinned(), 'it is left as it is').toBe(first.id);
    bring(second);
    expect(pinned()).toBe(second.id);
  });
});

describe('pins', () => {
  it('move with an interface that was renamed, with what was taken over there, once', () => {
    const theirs = kernel.attachForeign(2, 'native');
    takeOver(pins, 'a', 2, { programId: theirs, programName: '', mode: 'native' });
    const id = instance('aaaa');
    link(pins, 'a', 2, ['native'], 'aaaa');
    const { link: made } = kernel.observe().owned[0] ?? {};
    const move = () => {
      movePins(pins, 'a', 'b', made?.id ?? 0);
    };
    move();
    expect(kernel.observe().owned).toMatchObject([
      { name: 'b', link: { programId: id }, foreign: { programId: theirs, mode: 'native' } },
    ]);
    expect(existsSync(pins.interface('a'))).toBe(false);
    move();
    expect(kernel.observe().owned).toMatchObject([{ name: 'b' }]);
    nothingOpen();
  });

  it('of a map come back where they were, in the instance or beside it', () => {
    instance('aaaa');
    using map = kernel.openPin(pins.map('a', 'aaaa', 'm'));
    const id = map ? kernel.mapInfo(map).id : 0;
    rmSync(pins.maps('a', 'aaaa'), { recursive: true });
    repin(pins, 'a', 'aaaa', { id, name: 'm' });
    repin(pins, 'a', 'aaaa', { id, name: COUNTERS, ofInterface: true });
    expect(entries(pins.maps('a', 'aaaa'))).toEqual(['m']);
    expect(entries(pins.interface('a'))).toEqual(['aaaa', COUNTERS]);
    expect(
      thrown(() => {
        repin(pins, 'a', 'aaaa', { id: 9999, name: 'x' });
      }),
    ).toMatchObject(VANISHED);
  });

  const full = () => {
    instance('aaaa');
    instance('bbbb');
    link(pins, 'a', 2, ['native'], 'aaaa');
    using map = kernel.createBlockMap();
    for (const name of [BLOCKS, COUNTERS]) kernel.pin(map.number, pins.ofInterface('a', name));
  };

  it('are cleaned away but for the link, one instance, and what outlives instances', () => {
    full();
    clean(pins, 'a', 'aaaa');
    expect(entries(pins.interface('a'))).toEqual(['aaaa', BLOCKS, COUNTERS, 'link']);
  });

  it('are cleaned away with all but the link; an empty tree is nothing', () => {
    full();
    clean(pins, 'a', undefined);
    expect(entries(pins.interface('a'))).toEqual(['link']);
    dropLink(pins, 'a');
    clean(pins, 'a', undefined);
    expect(existsSync(pins.root)).toBe(false);
  });

  it('of what was undone go, and with them what only it needed', () => {
    full();
    discard(pins, 'a', 'bbbb');
    expect(entries(pins.interface('a'))).toEqual(['aaaa', BLOCKS, COUNTERS, 'link']);
    dropLink(pins, 'a');
    discard(pins, 'a', 'aaaa');
    expect(existsSync(pins.root)).toBe(false);
    discard(pins, 'a', 'aaaa');
  });
});
