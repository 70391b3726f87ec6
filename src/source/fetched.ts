// What `xdpkeep fetch` brings, for a pass that has no network: a bare repository with the whole history of the ref, and
// when the remote has said so. Nothing here is trusted: whoever reads it asks this repository as any other remote, and
// verifies what comes out. It knows nothing of what was adopted, which nobody but root may read: so no history is cut.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { replaceFile } from '../disk/durable.js';
import { accessFailed } from '../disk/failure.js';
import { readIfThere } from '../disk/read.js';
import type { GitSource } from '../model/config.js';
import { UnreachableError } from '../model/errors.js';
import { Git, GitError } from './git.js';
import { askRemote, FETCH_TIME, fullName, MOST_PACKS, unreachable, uploadPack } from './mirror.js';

const answerSchema = z.looseObject({
  git: z.string(),
  ref: z.string(),
  /** When the remote last answered; absent when it never did. */
  heard: z.exactOptional(z.iso.datetime()),
  /** Why it did not answer the last time; absent when it did. */
  reason: z.exactOptional(z.string()),
});
type Answer = z.infer<typeof answerSchema>;

/** The repository in a folder of fetched things. */
export function fetchedRepository(folder: string): string {
  return join(folder, 'repository.git');
}

/**
 * Brings what the remote has into `folder`; the commit. What was there before stays when that fails. Throws an
 * UnreachableError. One at a time.
 */
export async function fetchInto(folder: string, source: GitSource, ended: AbortSignal): Promise<string> {
  const { git, ref } = source;
  const before = readAnswer(folder);
  const heard = before?.git === git && before.ref === ref ? before.heard : undefined;
  try {
    const tip = await askRemote(source, ended);
    await bring(new Git(fetchedRepository(folder), ended), folder, source, tip);
    writeAnswer(folder, { git, ref, heard: new Date().toISOString() });
    return tip;
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    writeAnswer(folder, { git, ref, ...(heard !== undefined && { heard }), reason: error.message });
    throw error;
  }
}

async function bring(git: Git, folder: string, source: GitSource, tip: string): Promise<void> {
  const repository = fetchedRepository(folder);
  const packs = join(repository, 'objects/pack');
  if (existsSync(packs) && readdirSync(packs).filter((one) => one.endsWith('.pack')).length > MOST_PACKS) {
    rmSync(repository, { recursive: true });
  }
  try {
    await update(git, repository, source, tip);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    rmSync(repository, { recursive: true, force: true }); // damaged, perhaps
    await update(git, repository, source, tip).catch((again: unknown) => {
      throw again instanceof GitError ? unreachable(source.git, again.message, again.log) : again;
    });
  }
}

async function update(
  git: Git,
  repository: string,
  { git: url, ref }: GitSource,
  tip: string,
): Promise<void> {
  if (!existsSync(join(repository, 'HEAD'))) {
    mkdirSync(repository, { recursive: true });
    await git.bytes(['init', '--quiet', '--bare', '--template=', '--initial-branch=none']);
    // The reader asks for as little as it needs.
    await git.bytes(['config', 'uploadpack.allowFilter', 'true']);
    await git.bytes(['config', 'uploadpack.allowAnySHA1InWant', 'true']);
  }
  const name = fullName(ref);
  const have = await git.run(['rev-parse', '--quiet', '--verify', `${name}^{commit}`]);
  if (have.exitCode === 0 && have.stdout.toString('utf8').trim() === tip) return;
  const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
  await git.bytes(['fetch', ...flags, ...uploadPack(url), url, `+${name}:${name}`], { time: FETCH_TIME });
}

/** Throws an UnreachableError where nothing of this source was ever fetched. */
export function requireFetched(folder: string, { git, ref }: GitSource): { heard: string; reason?: string } {
  const answer = readAnswer(folder);
  const hint = 'Run `systemctl start xdpkeep-fetch`, or `xdpkeep fetch`, and see what it says.';
  if (!answer) throw new UnreachableError(`nothing was fetched to ${folder}`, { hint });
  const { heard, reason } = answer;
  if (answer.git !== git || answer.ref !== ref) {
    throw new UnreachableError(`${folder} holds ${answer.git} ${answer.ref}, not ${git} ${ref}`, { hint });
  }
  if (heard === undefined) throw new UnreachableError(reason ?? `${git} never answered`, { hint });
  return { heard, ...(reason !== undefined && { reason }) };
}

/** Is replaced whenever the remote was asked. */
export function answerFile(folder: string): string {
  return join(folder, 'answer.json');
}

/** `undefined` also for what is no answer: the next fetch writes another one. */
function readAnswer(folder: string): Answer | undefined {
  const bytes = readIfThere(answerFile(folder));
  try {
    return bytes && answerSchema.parse(JSON.parse(bytes.toString('utf8')));
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
