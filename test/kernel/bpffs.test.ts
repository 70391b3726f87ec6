import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import {
  ensureMounted,
  isBpffs,
  listEntries,
  makeDirectory,
  readSymlink,
  remove,
  removeIfEmpty,
  writeSymlink,
} from '../../src/kernel/bpffs.js';
import { pin } from '../../src/kernel/pinned.js';
import { caught } from '../lab/caught.js';
import { must } from '../lab/exec.js';
import { loadIcmpDrop } from '../lab/programs.js';
import { createLab } from '../lab.js';

test('a bpffs is one, anything else is not', async () => {
  await using lab = await createLab();
  expect(isBpffs(lab.bpffs)).toBe(true);
  expect(isBpffs(lab.directory)).toBe(false);
  expect(isBpffs(join(lab.bpffs, 'absent'))).toBe(false);
  writeFileSync(join(lab.directory, 'file'), '');
  expect(isBpffs(join(lab.directory, 'file', 'below'))).toBe(false);
});

test('directories, pins and symbolic links are listed by name, and removed with what is in them', async () => {
  await using lab = await createLab();
  using object = loadIcmpDrop();
  const root = join(lab.bpffs, 'xdpkeep');
  makeDirectory(join(root, 'a', 'b'));
  makeDirectory(join(root, 'a', 'b'));
  pin(object.programFd(), join(root, 'program'));
  writeSymlink(join(root, 'eth0%mode'), 'native');
  expect(listEntries(root)).toEqual([
    { name: 'a', kind: 'directory' },
    { name: 'eth0%mode', kind: 'symlink' },
    { name: 'program', kind: 'pin' },
  ]);
  remove(root);
  remove(root);
  expect(listEntries(root)).toEqual([]);
});

test('a symbolic link is read, replaced, and absent before', async () => {
  await using lab = await createLab();
  const path = join(lab.bpffs, 'eth0%mode');
  expect(readSymlink(path)).toBeUndefined();
  writeSymlink(path, 'native');
  writeSymlink(path, 'generic');
  expect(readSymlink(path)).toBe('generic');
});

test('only an empty directory is removed as empty', async () => {
  await using lab = await createLab();
  const root = join(lab.bpffs, 'xdpkeep');
  makeDirectory(join(root, 'a'));
  expect(removeIfEmpty(root)).toBe(false);
  expect(removeIfEmpty(join(root, 'a'))).toBe(true);
  expect(removeIfEmpty(root)).toBe(true);
  expect(removeIfEmpty(root)).toBe(true);
});

test('a name with a dot, which bpffs refuses, is an error that says where', async () => {
  await using lab = await createLab();
  const path = join(lab.bpffs, 'eth0.100');
  const refusal = caught(() => {
    makeDirectory(path);
  });
  expect(refusal).toMatchObject({
    name: 'PermissionError',
    message: expect.stringContaining(path) as string,
  });
});

test('a file in the place of a directory is an error, not an empty directory', async () => {
  await using lab = await createLab();
  const path = join(lab.directory, 'file');
  writeFileSync(path, '');
  expect(caught(() => listEntries(path))).toMatchObject({ code: 'ENOTDIR' });
});

test('another place that is no bpffs is refused with how to mount one there', async () => {
  await using lab = await createLab();
  const path = join(lab.directory, 'plain');
  mkdirSync(path);
  const refusal = caught(() => {
    ensureMounted(path);
  });
  expect(refusal).toMatchObject({
    name: 'EnvironmentError',
    exitCode: 78,
    hint: `Mount one: mkdir -p ${path} && mount -t bpf bpf ${path}`,
  });
  ensureMounted(lab.bpffs);
});

/** Runs ensureMounted on /sys/fs/bpf where none is mounted, in mount namespaces of its own. */
function mountByDefault(...unshare: string[]): Promise<string> {
  const child = join(inject('children'), 'ensure-mounted.mjs');
  const script = `! mountpoint -q /sys/fs/bpf || umount -l /sys/fs/bpf; exec ${process.execPath} ${child}`;
  return must('unshare', [...unshare, 'sh', '-c', script]);
}

test('the default place is mounted', async () => {
  expect(await mountByDefault('--mount', '--pid', '--fork', '--mount-proc')).toBe('mounted');
});

test('a mount that would vanish with the process is refused', async () => {
  const said = await mountByDefault('--mount');
  expect(said).toMatch(/^78 no bpffs is mounted at \/sys\/fs\/bpf, .*vanish.* \| .*nsenter/);
});
