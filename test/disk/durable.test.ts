// What a planted file or link in the folder of another user can do to what is written there: nothing.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  appendToFile,
  openNewFile,
  removeLeftovers,
  replaceFile,
  truncateFile,
} from '../../src/disk/durable.js';
import { scratch } from '../desired/state-dir.js';

/** A folder with a file that must stay as it is. */
function withVictim(): { folder: string; victim: string } {
  const folder = scratch();
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'precious');
  return { folder, victim };
}

test.each(['p.tmp', 'p'])('a link that lies at %s is not followed', (name) => {
  const { folder, victim } = withVictim();
  symlinkSync(victim, join(folder, name));
  replaceFile(join(folder, 'p'), 'new');
  expect(readFileSync(victim, 'utf8')).toBe('precious');
  expect(readFileSync(join(folder, 'p'), 'utf8')).toBe('new');
});

test('a new file is none that is there, nor the target of a link', () => {
  const { folder, victim } = withVictim();
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
  for (const path of [victim, join(folder, 'link')]) expect(() => openNewFile(path)).toThrow('EEXIST');
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
});

test('a journal that is a link is neither lengthened nor cut', () => {
  const { folder, victim } = withVictim();
  symlinkSync(victim, join(folder, 'journal'));
  const path = join(folder, 'journal');
  expect(() => {
    appendToFile(path, Buffer.from('more'), 8);
  }).toThrow('ELOOP');
  expect(() => {
    truncateFile(path, 0);
  }).toThrow('ELOOP');
  expect(readFileSync(victim, 'utf8')).toBe('precious');
});

test('a file has its mode whatever the umask', () => {
  const path = join(scratch(), 'metrics');
  const umask = process.umask(0o077);
  replaceFile(path, 'text', 0o644);
  process.umask(umask);
  expect(statSync(path).mode & 0o777).toBe(0o644);
});

test('what a killed process has left is removed, once nobody can be at work on it', () => {
  const folder = scratch();
  const [old, young, other] = ['.xdpkeep-01.tmp', '.xdpkeep-02.tmp', 'mine.tmp'].map((name) => {
    writeFileSync(join(folder, name), '');
    return join(folder, name);
  });
  for (const path of [old, other]) utimesSync(path ?? '', 0, 0);
  mkdirSync(join(folder, '.xdpkeep-03.tmp'));
  removeLeftovers(folder);
  removeLeftovers(join(folder, 'nowhere'));
  expect(readdirSync(folder).sort()).toEqual(['.xdpkeep-02.tmp', '.xdpkeep-03.tmp', 'mine.tmp']);
  expect(existsSync(young ?? '')).toBe(true);
});
