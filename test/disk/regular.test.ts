// What may lie where somebody else writes: none of it holds the reader up, fills its memory or leads it elsewhere.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NotRegularError, readHead, readOwn, readRegular, TooLargeError } from '../../src/disk/regular.js';
import { caught } from '../lab/caught.js';
import { scratch } from '../desired/state-dir.js';

test('a file is read whole, up to the limit, and not a byte beyond', () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, 'x'.repeat(1000));
  expect(readRegular(file, 1000).toString()).toBe('x'.repeat(1000));
  expect(caught(() => readRegular(file, 999))).toMatchObject({ message: 'it has more than 999 bytes' });
  expect(readHead(file, 10).toString()).toBe('x'.repeat(10));
  expect(readHead(file, 2000)).toHaveLength(1000);
  writeFileSync(file, '');
  expect(readRegular(file, 10)).toHaveLength(0);
});

test('a file whose size is not told is read as far as it goes', () => {
  expect(readRegular('/proc/self/status', 1 << 20).toString()).toContain('Name:');
  expect(caught(() => readRegular('/proc/self/status', 16))).toBeInstanceOf(TooLargeError);
});

test.each<[what: string, put: (path: string) => void]>([
  ['a FIFO', (path) => execFileSync('mkfifo', [path])],
  [
    'a link to a device',
    (path) => {
      symlinkSync('/dev/zero', path);
    },
  ],
  [
    'a link to a file',
    (path) => {
      symlinkSync('/etc/passwd', path);
    },
  ],
  [
    'a link to nothing',
    (path) => {
      symlinkSync('/nowhere', path);
    },
  ],
  [
    'a folder',
    (path) => {
      mkdirSync(path);
    },
  ],
])('%s is no file', (_what, put) => {
  const path = join(scratch(), 'put');
  put(path);
  for (const read of [readRegular, readHead]) {
    expect(caught(() => read(path, 1 << 20))).toBeInstanceOf(NotRegularError);
  }
});

test('a device is not read, nor a socket waited for', async () => {
  expect(caught(() => readRegular('/dev/zero', 1 << 20))).toBeInstanceOf(NotRegularError);
  const path = join(scratch(), 'socket');
  const server = createServer();
  await new Promise<void>((listening) => server.listen(path, listening));
  expect(caught(() => readRegular(path, 1 << 20))).toBeInstanceOf(NotRegularError);
  server.close();
});

test('a sparse file of a terabyte costs nothing', () => {
  const file = join(scratch(), 'sparse');
  writeFileSync(file, '');
  truncateSync(file, 2 ** 40);
  expect(caught(() => readRegular(file, 1 << 20))).toMatchObject({ message: 'it has more than 1 MiB' });
  expect(readHead(file, 100)).toHaveLength(100);
});

test('who asks sees whose file it is before a byte is read', () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, 'x', { mode: 0o640 });
  const refuse = ({ uid, mode }: { uid: number; mode: number }) => {
    throw new Error(`${uid} ${(mode & 0o777).toString(8)}`);
  };
  expect(caught(() => readOwn(file, 10, refuse))).toMatchObject({
    message: `${process.getuid?.() ?? 0} 640`,
  });
});
