// Fetches into a repository of ours (that of `fetch`, or root's mirror) and cleans up what a killed git left in it. The remote may be
// hostile: size, time and memory are bounded, and content that git refuses is told apart from a remote that cannot be reached.
import { existsSync, openSync, readdirSync, readSync, closeSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UnfitSourceError, UnreachableError, type XdpkeepError } from '../model/errors.js';
import { oneLine } from '../text/one-line.js';
import { type Git, GitError, type Largest, LARGEST_REPOSITORY, lastLine } from './git.js';

const FETCH_TIME = 300_000;
/** Each fetch that brings something leaves a pack; so many are no reason to worry, and a reason to begin again. */
const MOST_PACKS = 50;

/** Removes what a killed git left, and says whether there is a repository that can be added to. */
export function isUsable(folder: string): boolean {
  if (!existsSync(join(folder, 'HEAD'))) return false;
  removeLeftovers(folder);
  const packs = packsOf(folder);
  return packs.length <= MOST_PACKS && bytesOf(packs) <= LARGEST_REPOSITORY.bytes / 2;
}

/**
 * `git fetch`. Throws an UnfitSourceError for what git refuses or has no room for, a GitError for everything else: then
 * the remote is away, or the repository is damaged.
 */
export async function fetchBounded(
  git: Git,
  folder: string,
  args: string[],
  { input, largest = LARGEST_REPOSITORY }: { input?: string; largest?: Largest } = {},
): Promise<void> {
  const room = largest.bytes - bytesOf(packsOf(folder));
  try {
    const { exitCode, stderr } = await git.run(args, {
      time: FETCH_TIME,
      room,
      ...(input !== undefined && { input }),
    });
    if (exitCode !== 0)
      throw (
        refusalOf(stderr, REFUSED) ?? new GitError(`git fetch failed: ${lastLine(stderr)}`, { log: stderr })
      );
  } finally {
    removeLeftovers(folder);
  }
  const objects = packsOf(folder).reduce((sum, pack) => sum + objectsIn(pack), 0);
  if (objects <= largest.objects) return;
  rmSync(folder, { recursive: true });
  throw tooLarge(`more than ${largest.objects} objects`);
}

/** What git says of the content alone. Lines that the remote says begin with `remote:`. */
const REFUSED = /^(?:error|fatal): (object [0-9a-f]{40}: .*|.*fsck error.*)$/m;
/** What it also says of a repository of ours that is damaged. */
const SUSPECT =
  /^(?:error|fatal): (.*(?:pack has bad object|did not send all necessary objects|inflate|unable to read tree|bad tree|missing|corrupt|invalid).*)$/m;
/** EFBIG, ENOMEM, and more output than is taken. */
const NO_ROOM = /File too large|[Oo]ut of memory|printed more than/;

/** `undefined` when it is nothing that the content must be to blame for. */
function refusalOf(stderr: string, what: RegExp): UnfitSourceError | undefined {
  const own = stderr.replace(/^remote: .*$/gm, '');
  const why = what.exec(own)?.[1];
  if (why !== undefined) {
    return new UnfitSourceError(`git refuses what the repository has: ${oneLine(why, 300)}`, {
      hint: 'Find out who pushed that, and put the branch back: git fsck --strict says what is wrong.',
      log: stderr,
    });
  }
  if (!NO_ROOM.test(own)) return undefined;
  return tooLarge(`more than ${LARGEST_REPOSITORY.bytes / 2 ** 30} GiB, or an object that fills the memory`);
}

/** Of what failed with a repository that was just made: then what came into it is to blame, or the way. */
export function blame(url: string, error: GitError): XdpkeepError {
  const said = `${error.log ?? ''}\nerror: ${error.message}`;
  return refusalOf(said, SUSPECT) ?? unreachable(url, error.message, error.log);
}

export function unreachable(url: string, why: string, log?: string): UnreachableError {
  const hint = 'Check the network, the URL, and that this user may read it: git ls-remote.';
  return new UnreachableError(`${url} cannot be reached: ${why}`, { hint, log });
}

export function tooLarge(what: string): UnfitSourceError {
  return new UnfitSourceError(`the repository has ${what}, which is more than is taken`, {
    hint: 'Keep state files in a repository of their own, and find out who pushed that.',
  });
}

/** Temporary files of index-pack and of whatever writes a ref, and locks: one at a time works here, so that all are stale. */
function removeLeftovers(folder: string): void {
  const remove = (where: string, what: RegExp) => {
    for (const name of namesIn(where).filter((one) => what.test(one)))
      rmSync(join(where, name), { recursive: true, force: true });
  };
  remove(join(folder, 'objects/pack'), /^(?:tmp_|\.tmp-)/);
  remove(join(folder, 'objects'), /^(?:tmp_|incoming-)/);
  remove(folder, /\.lock$/);
  const refs = join(folder, 'refs');
  for (const name of existsSync(refs) ? readdirSync(refs, { recursive: true, encoding: 'utf8' }) : []) {
    if (name.endsWith('.lock')) rmSync(join(refs, name), { force: true }); // no ref has such a name
  }
}

/** Are there so many packs that they should be made one? */
export function isStrewn(folder: string): boolean {
  return packsOf(folder).length >= MOST_PACKS;
}

function packsOf(folder: string): string[] {
  const packs = join(folder, 'objects/pack');
  return namesIn(packs)
    .filter((one) => one.endsWith('.pack'))
    .map((one) => join(packs, one));
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function bytesOf(files: string[]): number {
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** From the header of a pack: gitformat-pack(5). */
function objectsIn(pack: string): number {
  const header = Buffer.alloc(12);
  const fd = openSync(pack, 'r');
  try {
    readSync(fd, header);
  } finally {
    closeSync(fd);
  }
  return header.readUInt32BE(8);
}
