// Ways in which a state directory becomes another one without an event inside it.
// needs: time
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StateWatcher } from '../../src/daemon/state-watcher.js';
import { watchedFolders } from '../../src/daemon/watched-folders.js';
import { scratch, write } from '../desired/state-dir.js';
import { steady } from '../lab/pace.js';

const FILE = 'state/hosts/lab.yaml';

/** Replaces the symbolic link `name` in one step, as deployments do. */
function swap(folder: string, name: string, target: string): void {
  symlinkSync(target, join(folder, `${name}.new`));
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

const CASES: [name: string, path: string, prepare: (at: string) => void, change: (at: string) => void][] = [
  [
    'a symbolic link at it is swapped',
    'releases/state',
    (at) => {
      write(at, { 'releases/1/a': '', 'releases/2/a': '' });
      swap(join(at, 'releases'), 'state', '1');
    },
    (at) => {
      swap(join(at, 'releases'), 'state', '2');
    },
  ],
  [
    'a symbolic link two levels above it is swapped',
    'current/config/state',
    (at) => {
      write(at, { 'r1/config/state/a': '', 'r2/config/state/a': '' });
      swap(at, 'current', 'r1');
    },
    (at) => {
      swap(at, 'current', join(at, 'r2'));
    },
  ],
  [
    'a symbolic link behind a symbolic link is swapped',
    'state',
    (at) => {
      write(at, { 'r1/state/a': '', 'r2/state/a': '', 'deep/x': '' });
      swap(join(at, 'deep'), 'current', '../r1');
      swap(at, 'state', 'deep/current/state');
    },
    (at) => {
      swap(join(at, 'deep'), 'current', '../r2');
    },
  ],
  [
    'a folder above it is replaced',
    'a/b/state',
    (at) => {
      write(at, { 'a/b/state/x': '', 'next/b/state/x': '' });
    },
    (at) => {
      renameSync(join(at, 'a'), join(at, 'old'));
      renameSync(join(at, 'next'), join(at, 'a'));
    },
  ],
  [
    'it comes later',
    'a/state',
    () => undefined,
    (at) => {
      write(at, { 'a/state/x': '' });
    },
  ],
];

test.each(CASES)(
  'told when %s, and of what is written there afterwards',
  async (_name, path, prepare, change) => {
    const at = scratch();
    prepare(at);
    let told = 0;
    const watcher = new StateWatcher(join(at, path), () => told++);
    try {
      const before = await ready(() => told);
      change(at);
      await expect.poll(() => told).toBeGreaterThan(before);
      const swapped = await steady(() => told);
      writeFileSync(join(at, path, 'new'), '');
      await expect.poll(() => told).toBeGreaterThan(swapped);
    } finally {
      await watcher.close();
    }
  },
);

test('not told of what happens beside it', async () => {
  const at = scratch();
  write(at, { [FILE]: '' });
  let told = 0;
  const watcher = new StateWatcher(join(at, 'state'), () => told++);
  try {
    const before = await ready(() => told);
    write(at, { 'other/x': '', y: '' });
    rmSync(join(at, 'other'), { recursive: true });
    expect(await steady(() => told, 400)).toBe(before);
  } finally {
    await watcher.close();
  }
});

test('of a file of somebody else only its replacement counts: what they put there is not walked through', async () => {
  const at = scratch();
  write(at, { 'mine/answer.json': '1', 'mine/next': '2', 'elsewhere/deep/file': '' });
  let told = 0;
  const path = join(at, 'mine/answer.json');
  const watcher = new StateWatcher(path, () => told++, 'replacement');
  try {
    renameSync(join(at, 'mine/next'), path);
    await expect.poll(() => told).toBeGreaterThan(0);
    swap(join(at, 'mine'), 'answer.json', join(at, 'elsewhere'));
    const before = await steady(() => told);
    expect(before).toBeGreaterThan(1);
    write(at, { 'elsewhere/deep/file': 'changed', 'elsewhere/new': '' });
    expect(await steady(() => told, 400)).toBe(before);
  } finally {
    await watcher.close();
  }
});

test('the way to a path: every name, links and what they lead through', () => {
  const at = scratch();
  mkdirSync(join(at, 'real'));
  symlinkSync('../real', join(at, 'real', 'self'));
  symlinkSync('loop', join(at, 'loop'));
  const below = (path: string) =>
    [...watchedFolders(join(at, path))]
      .filter(([folder]) => folder.startsWith(at))
      .map(([folder, names]) => [folder.slice(at.length), ...names]);
  expect(below('absent/state')).toEqual([
    ['', 'absent'],
    ['/absent', 'state'],
  ]);
  expect(below('real/self/x')).toEqual([
    ['', 'real'],
    ['/real', 'self', 'x'],
  ]);
  expect(below('loop/x')).toEqual([['', 'loop']]);
});

/** It tells that it is ready, when it has told what it found. */
async function ready(told: () => number): Promise<number> {
  await expect.poll(told).toBeGreaterThan(0);
  return steady(told);
}
