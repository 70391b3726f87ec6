// Whose files root acts on: who owns each part of the way to them, and who may write to it.
import { chmodSync, chownSync, closeSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { acceptForeignOwners, openOwn, requireOwn, requireOwnTree } from '../../src/disk/ownership.js';
import { PermissionError } from '../../src/model/errors.js';
import { scratch } from '../desired/state-dir.js';

const NOBODY = 65534;

afterEach(() => {
  acceptForeignOwners(false);
});

/** `DIR/state/hosts/a.yaml`, all of it root's, below the sticky folder of temporary files. */
function makeState(): { top: string; state: string; file: string } {
  const top = scratch();
  const file = join(top, 'state/hosts/a.yaml');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  return { top, state: join(top, 'state'), file };
}

test("what is root's alone is accepted, below a sticky folder too", () => {
  const { top, file } = makeState();
  requireOwn(file);
  chmodSync(top, 0o1777);
  requireOwn(file);
  closeSync(openOwn(file));
});

test.each([
  [
    'the file',
    '.',
    'belongs',
    (path: string) => {
      chownSync(path, NOBODY, NOBODY);
    },
  ],
  [
    'the file',
    '.',
    'could have been written',
    (path: string) => {
      chmodSync(path, 0o646);
    },
  ],
  [
    'the file, by its group',
    '.',
    'could have been written',
    (path: string) => {
      chmodSync(path, 0o664);
    },
  ],
  [
    'its folder',
    '..',
    'could have been written',
    (path: string) => {
      chmodSync(path, 0o777);
    },
  ],
  [
    'its folder',
    '..',
    'belongs',
    (path: string) => {
      chownSync(path, NOBODY, NOBODY);
    },
  ],
  [
    'a folder above it',
    '../../..',
    'belongs',
    (path: string) => {
      chownSync(path, NOBODY, NOBODY);
    },
  ],
  [
    'a sticky folder above it, by its owner',
    '../../..',
    'belongs',
    (path: string) => {
      chmodSync(path, 0o1777);
      chownSync(path, NOBODY, NOBODY);
    },
  ],
])("%s is another user's to change (%s: %s)", (_what, up, why, spoil) => {
  const { file } = makeState();
  const path = join(file, up);
  spoil(path);
  for (const use of [requireOwn, openOwn]) {
    expect(() => use(file)).toThrow(PermissionError);
    expect(() => use(file)).toThrow(`${path} ${why}`);
  }
  acceptForeignOwners(true);
  requireOwn(file);
  closeSync(openOwn(file));
});

test('a link counts by its owner, and leads to what counts by its own way', () => {
  const { top, state } = makeState();
  const link = join(top, 'link');
  symlinkSync('state', link);
  requireOwn(join(link, 'hosts/a.yaml'));
  const theirs = join(top, 'theirs');
  mkdirSync(theirs);
  symlinkSync(state, join(theirs, 'link'));
  chownSync(theirs, NOBODY, NOBODY);
  symlinkSync('theirs/../theirs/link', join(top, 'far'));
  expect(() => {
    requireOwn(join(top, 'far/hosts/a.yaml'));
  }).toThrow(`${theirs} belongs to another user (uid ${NOBODY})`);
});

test('links in a loop end', () => {
  const { top } = makeState();
  symlinkSync('loop', join(top, 'loop'));
  expect(() => {
    requireOwn(join(top, 'loop'));
  }).toThrow('ELOOP');
});

test('of a directory all that others could get at is judged', () => {
  const { state, file } = makeState();
  requireOwnTree(join(state, 'not/made/yet'));
  chownSync(file, NOBODY, NOBODY);
  expect(() => {
    requireOwnTree(state);
  }).toThrow(file);
  chmodSync(state, 0o700);
  requireOwnTree(state);
});
