// Checks who owns a file that decides what root does. As root, whatever is read to be acted on must belong to root and be writable by nobody
// else, and so must every folder and link on the way to it. The way is walked from the root of the file system: a name
// in a folder that only root can change is what it was when it was looked at, so that nothing can be exchanged between
// the look and the use. In a sticky folder (/tmp) others may add names, but not touch what is root's.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PermissionError } from '../model/errors.js';
import { errnoCode } from './failure.js';

let foreignAccepted = false;

/** Called once for each command line: what `--allow-foreign-owner` says. */
export function acceptForeignOwners(accepted: boolean): void {
  foreignAccepted = accepted;
}

/** Is anything looked at? Another user than root risks no more than their own. */
function isStrict(): boolean {
  return !foreignAccepted && process.geteuid?.() === 0;
}

/** The most links on one way: MAXSYMLINKS of the kernel. */
const MOST_LINKS = 40;
const STICKY = 0o1000;
const WRITABLE = 0o022;
/** What lets others look for a name in a folder. */
const ENTERABLE = 0o011;

/** Throws a PermissionError that names what is not root's alone, or the error of lstat(2) for what is not there. */
export function requireOwn(path: string): void {
  if (isStrict()) walk(path);
}

/** The same, and of everything below it that others could get at. What is not there yet is made by root. */
export function requireOwnTree(path: string): void {
  if (!isStrict()) return;
  let folder: string;
  try {
    folder = walk(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return; // not made yet
    throw error;
  }
  requireBelow(folder);
}

/** Opens a file for reading, with `flags` as well. Throws a PermissionError or the error of open(2). */
export function openOwn(path: string, flags = 0): number {
  const strict = isStrict();
  const fd = openSync(
    strict ? walk(path) : path,
    constants.O_RDONLY | flags | (strict ? constants.O_NOFOLLOW : 0),
  );
  try {
    if (strict) requireTrusted(path, fstatSync(fd));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function requireBelow(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return; // gone meanwhile
  requireTrusted(path, found);
  if (!found.isDirectory() || (found.mode & ENTERABLE) === 0) return;
  for (const name of readdirSync(path)) requireBelow(join(path, name));
}

/** Checks the owner of every folder and link on the path before it reads what is in it. Returns the path with links resolved. */
function walk(path: string): string {
  const left = resolve(path).split('/').filter(Boolean);
  let links = 0;
  let done = '/';
  requireTrusted(done, lstatSync(done));
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const next = name === '..' ? dirname(done) : join(done, name);
    const found = lstatSync(next);
    requireTrusted(next, found);
    if (!found.isSymbolicLink()) {
      done = next;
      continue;
    }
    if (++links > MOST_LINKS) throw tooManyLinks(path);
    const target = readlinkSync(next);
    if (target.startsWith('/')) done = '/';
    left.unshift(...target.split('/').filter((part) => part !== '' && part !== '.'));
  }
  return done;
}

function requireTrusted(path: string, found: Stats): void {
  if (found.uid !== 0) throw foreign(path, `belongs to another user (uid ${found.uid})`);
  const isSafe = (found.mode & WRITABLE) === 0 || found.isSymbolicLink();
  if (isSafe || (found.isDirectory() && (found.mode & STICKY) !== 0)) return;
  throw foreign(path, 'could have been written by another user');
}

function foreign(path: string, why: string): PermissionError {
  return new PermissionError(`${path} ${why}, who would decide what root does`, {
    hint: `Give it to root alone: chown root ${path}; chmod go-w ${path}. For development, --allow-foreign-owner accepts it.`,
  });
}

function tooManyLinks(path: string): Error {
  return Object.assign(new Error(`ELOOP: too many links, ${path}`), { code: 'ELOOP', errno: -40 });
}
