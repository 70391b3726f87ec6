// What `xdpkeep fetch` leaves for a pass without network: a bare repository with the whole history of the ref, and when the remote
// last answered. None of it is trusted: the pass treats the repository like any remote and verifies every commit. `fetch` may not read
// which commit was adopted (only root may), so it fetches the history without a cut.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { replaceFile } from '../disk/durable.js';
import { accessFailed } from '../disk/failure.js';
import { readRegular } from '../disk/regular.js';
import type { GitSource } from '../model/config.js';
import { UnfitSourceError, UnreachableError } from '../model/errors.js';
import { oneLine } from '../text/one-line.js';
import { Git, GitError } from './git.js';
import { askRemote, fullName, uploadPack } from './mirror.js';
import { tagRefs } from './tags.js';
import { blame, fetchBounded, isStrewn, isUsable } from './repository.js';

const answerSchema = z.looseObject({
  git: z.string(),
  ref: z.string(),
  /** When the remote last answered; absent when it never did. */
  heard: z.exactOptional(z.iso.datetime()),
  /** Why nothing was brought the last time; absent when all was. */
  reason: z.exactOptional(z.string()),
  /** It did answer, and what it has must not be taken. */
  refused: z.exactOptional(z.boolean()),
});
type Answer = z.infer<typeof answerSchema>;

/** What is brought: a branch, and the tags of which one has to be on what is applied. */
export interface FetchSource extends GitSource {
  /** As in `verify: {requireTag}`. */
  tags?: string;
}

/** Bytes; of a URL, a ref and a reason. */
const LARGEST_ANSWER = 64 << 10;
/** UTF-16 code units. */
const LONGEST_REASON = 500;

/** The repository in a folder of fetched things. */
export function fetchedRepository(folder: string): string {
  return join(folder, 'repository.git');
}

/**
 * Brings what the remote has into `folder`; the commit. What was there before stays when that fails. Throws an
 * UnreachableError. One at a time.
 */
export async function fetchInto(folder: string, source: FetchSource, ended: AbortSignal): Promise<string> {
  const { git, ref } = source;
  const before = readAnswer(folder);
  const heard = before?.git === git && before.ref === ref ? before.heard : undefined;
  try {
    const tip = await askRemote(source, ended);
    await bring(new Git(fetchedRepository(folder), ended), folder, source, tip);
    writeAnswer(folder, { git, ref, heard: new Date().toISOString() });
    return tip;
  } catch (error) {
    if (error instanceof UnfitSourceError) {
      writeAnswer(folder, {
        git,
        ref,
        heard: new Date().toISOString(),
        reason: error.message,
        refused: true,
      });
    } else if (error instanceof UnreachableError) {
      writeAnswer(folder, { git, ref, ...(heard !== undefined && { heard }), reason: error.message });
    }
    throw error;
  }
}

async function bring(git: Git, folder: string, source: FetchSource, tip: string): Promise<void> {
  const repository = fetchedRepository(folder);
  try {
    await update(git, repository, source, tip);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    rmSync(repository, { recursive: true, force: true }); // damaged, perhaps
    await update(git, repository, source, tip).catch((again: unknown) => {
      throw again instanceof GitError ? blame(source.git, again) : again;
    });
  }
}

async function update(
  git: Git,
  repository: string,
  { git: url, ref, tags }: FetchSource,
  tip: string,
): Promise<void> {
  if (!isUsable(repository)) {
    rmSync(repository, { recursive: true, force: true });
    mkdirSync(repository, { recursive: true });
    await git.bytes(['init', '--quiet', '--bare', '--template=', '--initial-branch=none']);
    // The reader asks for as little as it needs.
    await git.bytes(['config', 'uploadpack.allowFilter', 'true']);
    await git.bytes(['config', 'uploadpack.allowAnySHA1InWant', 'true']);
  }
  const name = fullName(ref);
  const have = await git.run(['rev-parse', '--quiet', '--verify', `${name}^{commit}`]);
  if (tags === undefined && have.exitCode === 0 && have.stdout.toString('utf8').trim() === tip) return;
  const wanted = tags === undefined ? [] : ['--prune', tagRefs(tags)];
  const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
  await fetchBounded(git, repository, [
    'fetch',
    ...flags,
    ...uploadPack(url),
    url,
    `+${name}:${name}`,
    ...wanted,
  ]);
  if (isStrewn(repository)) await git.bytes(['repack', '--quiet', '-a', '-d']);
}

export interface Fetched {
  heard: Date;
  /** Why the newest is not there. */
  problem?: UnreachableError | UnfitSourceError;
}

/** Throws an UnreachableError where nothing of this source was ever fetched. */
export function requireFetched(folder: string, { git, ref }: GitSource): Fetched {
  const answer = readAnswer(folder);
  const hint = 'Run `systemctl start xdpkeep-fetch`, or `xdpkeep fetch`, and see what it says.';
  if (!answer) throw new UnreachableError(`nothing was fetched to ${folder}`, { hint });
  const { heard, refused } = answer;
  if (answer.git !== git || answer.ref !== ref) {
    const other = oneLine(`${answer.git} ${answer.ref}`, LONGEST_REASON);
    throw new UnreachableError(`${folder} holds ${other}, not ${git} ${ref}`, { hint });
  }
  const reason = answer.reason === undefined ? undefined : oneLine(answer.reason, LONGEST_REASON);
  if (heard === undefined) throw new UnreachableError(reason ?? `${git} never answered`, { hint });
  const problem =
    reason === undefined
      ? {}
      : { problem: new (refused === true ? UnfitSourceError : UnreachableError)(reason) };
  // Whoever fetches may write any time: none that is still to come counts.
  return { heard: new Date(Math.min(Date.parse(heard), Date.now())), ...problem };
}

/** Is replaced whenever the remote was asked. */
export function answerFile(folder: string): string {
  return join(folder, 'answer.json');
}

/** `undefined` also for what is no answer: the next fetch writes another one. */
function readAnswer(folder: string): Answer | undefined {
  try {
    return answerSchema.parse(JSON.parse(readRegular(answerFile(folder), LARGEST_ANSWER).toString('utf8')));
  } catch {
    return undefined;
  }
}

/** Readable for all: who fetches and who applies are two users. */
function writeAnswer(folder: string, answer: Answer): void {
  const file = answerFile(folder);
  try {
    replaceFile(file, `${JSON.stringify(answer)}\n`, 0o644);
  } catch (error) {
    throw accessFailed(`write ${file}`, error);
  }
}
