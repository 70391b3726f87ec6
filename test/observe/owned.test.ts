import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { makeDirectory, writeSymlink } from '../../src/kernel/bpffs.js';
import { Fd } from '../../src/kernel/fd.js';
import { pinPathsOf } from '../../src/kernel/pin-paths.js';
import { pin, programId } from '../../src/kernel/pinned.js';
import { Disagreement } from '../../src/observe/disagreement.js';
import { observe } from '../../src/observe/observe.js';
import { readOwned, readOwnedOnce } from '../../src/observe/owned.js';
import { rejected } from '../lab/caught.js';
import { loadIcmpDrop } from '../lab/programs.js';
import { createLab } from '../lab.js';
import { DIGEST, install, look } from './support.js';

test('the name of an interface with a dot comes back as it is', async () => {
  await using lab = await createLab();
  await lab.exec('ip', 'link', 'set', 'veth0', 'down', 'name', 'veth0.100');
  const ids = await install(lab, 'veth0.100');
  const state = await look(lab);
  expect(state.owned).toMatchObject([{ name: 'veth0.100', link: { id: ids.link } }]);
  expect(state.interfaces[1]).toMatchObject({ name: 'veth0.100', xdp: [{ linkId: ids.link }] });
  expect(readdirSync(pinPathsOf(lab.bpffs).interfaces)).toEqual(['veth0%2E100']);
});

test('an instance without a program pin is incomplete, one with maps only too', async () => {
  await using lab = await createLab();
  makeDirectory(pinPathsOf(lab.bpffs).maps('veth0', DIGEST));
  expect((await look(lab)).owned).toEqual([{ name: 'veth0', instances: [{ digest: DIGEST, maps: [] }] }]);
});

test('a kept foreign program has a mode; without one its taking was interrupted', async () => {
  await using lab = await createLab();
  const paths = pinPathsOf(lab.bpffs);
  using object = loadIcmpDrop();
  makeDirectory(paths.foreigners);
  pin(object.programFd(), paths.foreign('veth0'));
  expect((await look(lab)).owned).toEqual([{ name: 'veth0', instances: [] }]);
  writeSymlink(paths.foreignMode('veth0'), 'generic');
  const id = programId(new Fd(object.programFd()));
  expect((await look(lab)).owned).toEqual([
    { name: 'veth0', instances: [], foreign: { programId: id, mode: 'generic' } },
  ]);
  writeSymlink(paths.foreignMode('veth0'), 'sideways');
  const [{ trouble } = {}] = (await look(lab)).owned;
  expect(trouble?.reason).toContain('names no attach mode: sideways');
});

/** Entries that are nobody's business under our directory; each gets the root and makes one. */
const STRANGERS: [name: string, make: (root: string, fd: () => number) => void][] = [
  [
    'a pin among interfaces',
    (root, fd) => {
      pin(fd(), join(root, 'interfaces', 'odd'));
    },
  ],
  [
    'a name that is no encoding',
    (root) => {
      mkdirSync(join(root, 'interfaces', 'a%zz'));
    },
  ],
  [
    'a pin beside the link',
    (root, fd) => {
      pin(fd(), join(root, 'interfaces', 'veth0', 'odd'));
    },
  ],
  [
    'a symlink for a link',
    (root) => {
      symlinkSync('x', join(root, 'interfaces', 'veth0', 'link'));
    },
  ],
  [
    'a program for a link',
    (root, fd) => {
      pin(fd(), join(root, 'interfaces', 'veth0', 'link'));
    },
  ],
  [
    'a directory in an instance',
    (root) => {
      mkdirSync(join(root, 'interfaces', 'veth0', DIGEST, 'odd'));
    },
  ],
  [
    'a program among maps',
    (root, fd) => {
      pin(fd(), join(root, 'interfaces', 'veth0', DIGEST, 'maps', 'm'));
    },
  ],
  [
    'a directory among foreigners',
    (root) => {
      mkdirSync(join(root, 'foreign', 'veth0'));
    },
  ],
];

/** What lies within the pins of one interface is that interface's trouble; the others are still seen. */
const WITHIN = [
  'a pin beside the link',
  'a program for a link',
  'a directory in an instance',
  'a program among maps',
];

test.each(STRANGERS)('%s is trouble, or an error, that names its path', async (name, make) => {
  await using lab = await createLab();
  const paths = pinPathsOf(lab.bpffs);
  makeDirectory(paths.maps('veth0', DIGEST));
  makeDirectory(paths.foreigners);
  using object = loadIcmpDrop();
  make(paths.root, () => object.programFd());
  if (WITHIN.includes(name)) {
    const [{ trouble } = {}] = (await look(lab)).owned;
    expect(trouble?.reason).toContain(paths.interface('veth0'));
    return;
  }
  expect(await rejected(look(lab))).toMatchObject({
    name: 'EnvironmentError',
    exitCode: 78,
    message: expect.stringContaining(paths.root) as string,
  });
});

test('a bpffs that is not there, or is none, holds nothing of ours', async () => {
  await using lab = await createLab();
  mkdirSync(join(lab.directory, 'xdpkeep', 'interfaces', 'veth0'), { recursive: true });
  for (const bpffs of [join(lab.directory, 'absent'), lab.directory]) {
    expect((await lab.inside(() => observe({ bpffs }))).owned).toEqual([]);
  }
});

test('a pin that is moved while it is read is read again', async () => {
  await using lab = await createLab();
  await install(lab, 'veth0');
  const maps = pinPathsOf(lab.bpffs).maps('veth0', DIGEST);
  const [from, to] = [join(maps, readdirSync(maps)[0] ?? ''), join(maps, 'elsewhere')];
  const moving = `
    const { renameSync } = require('node:fs');
    for (;;) { renameSync(${JSON.stringify(from)}, ${JSON.stringify(to)}); renameSync(${JSON.stringify(to)}, ${JSON.stringify(from)}); }`;
  const worker = new Worker(moving, { eval: true });
  try {
    let vanished = 0;
    for (let reads = 0; reads < 50_000 && (vanished === 0 || reads < 500); reads++) {
      expect(readOwned(lab.bpffs)).toMatchObject([{ name: 'veth0', instances: [{ digest: DIGEST }] }]);
      if (reads % 10 === 0) await setImmediate();
      try {
        readOwnedOnce(lab.bpffs);
      } catch (error) {
        expect(error).toBeInstanceOf(Disagreement);
        vanished += 1;
      }
    }
    expect(vanished).toBeGreaterThan(0);
  } finally {
    await worker.terminate();
  }
});
