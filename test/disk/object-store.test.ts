import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/disk/sha256.js';
import { DiskObjectStore, MemoryObjectStore } from '../../src/disk/object-store.js';
import { EnvironmentError, JournalError } from '../../src/model/errors.js';
import { scratch } from '../desired/state-dir.js';

const BYTES = Buffer.from('an object');
const NAME = sha256(BYTES);

test('an object is kept under its hash, readable by its owner alone', () => {
  const dataDir = join(scratch(), 'lib', 'xdpkeep');
  const store = new DiskObjectStore(dataDir);
  expect(store.put(BYTES)).toBe(NAME);
  expect(Buffer.from(store.get(NAME))).toEqual(BYTES);
  expect(readdirSync(join(dataDir, 'objects')).sort()).toEqual(
    [`${NAME}.o`, 'compiled', 'lists', 'states'].sort(),
  );
  expect(statSync(join(dataDir, 'objects', `${NAME}.o`)).mode & 0o777).toBe(0o600);
  for (const folder of ['', 'objects', 'objects/compiled', 'objects/lists', 'objects/states']) {
    expect(statSync(join(dataDir, folder)).mode & 0o777).toBe(0o700);
  }
});

test('what is there is not written again', () => {
  const dataDir = scratch();
  const store = new DiskObjectStore(dataDir);
  store.put(BYTES);
  const path = join(dataDir, 'objects', `${NAME}.o`);
  const before = statSync(path, { bigint: true });
  const folder = statSync(join(dataDir, 'objects'), { bigint: true });
  store.put(BYTES);
  const after = statSync(path, { bigint: true });
  expect([after.ino, after.mtimeNs, after.ctimeNs]).toEqual([before.ino, before.mtimeNs, before.ctimeNs]);
  expect(statSync(join(dataDir, 'objects'), { bigint: true }).mtimeNs).toBe(folder.mtimeNs);
});

test('an object that is not what its name says is not given out, and is healed by putting it again', () => {
  const dataDir = scratch();
  const store = new DiskObjectStore(dataDir);
  store.put(BYTES);
  writeFileSync(join(dataDir, 'objects', `${NAME}.o`), 'an 0bject');
  expect(() => store.get(NAME)).toThrow(JournalError);
  store.put(BYTES);
  expect(Buffer.from(store.get(NAME))).toEqual(BYTES);
});

test('a missing object is an error that says what to do', () => {
  const store = new DiskObjectStore(scratch());
  expect(() => store.get(NAME)).toThrow(
    expect.objectContaining({ name: 'JournalError', hint: expect.any(String) as string }),
  );
});

test('compile records come back; a damaged one is as good as none', () => {
  const dataDir = scratch();
  const store = new DiskObjectStore(dataDir);
  const record = { object: NAME, inputs: { '/a.c': 'x' } };
  expect(store.recallCompile('key')).toBeUndefined();
  store.rememberCompile('key', record);
  expect(store.recallCompile('key')).toEqual(record);
  for (const damage of ['', '{"object":', '{"object":1}', 'null']) {
    writeFileSync(join(dataDir, 'objects', 'compiled', 'key.json'), damage);
    expect(store.recallCompile('key')).toBeUndefined();
  }
});

test('a data directory that cannot be one is an error of ours', () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  expect(() => new DiskObjectStore(file).put(BYTES)).toThrow(EnvironmentError);
  expect(() => new DiskObjectStore('/proc/xdpkeep').put(BYTES)).toThrow(JournalError);
});

test('the memory store writes nothing and reads through', () => {
  const dataDir = scratch();
  const disk = new DiskObjectStore(dataDir);
  disk.put(BYTES);
  disk.rememberCompile('key', { object: NAME, inputs: {} });
  const before = readdirSync(dataDir, { recursive: true });
  const memory = new MemoryObjectStore(disk);
  const other = memory.put(Buffer.from('another'));
  memory.rememberCompile('other', { object: other, inputs: {} });
  expect(Buffer.from(memory.get(NAME))).toEqual(BYTES);
  expect(Buffer.from(memory.get(other)).toString()).toBe('another');
  expect(memory.recallCompile('key')).toBeDefined();
  expect(memory.recallCompile('other')).toBeDefined();
  expect(readdirSync(dataDir, { recursive: true })).toEqual(before);
  expect(() => new MemoryObjectStore().get(NAME)).toThrow(JournalError);
});
