// The record of the adopted commit: the verified commit, valid for this host, whose state files are applied. The next commit must
// descend from it, so a damaged record is an error and never counts as no record.
import { renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { makeFolder, syncFolder } from '../disk/durable.js';
import { writeFailed } from '../disk/failure.js';
import { readIfThere } from '../disk/read.js';
import { Journal } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import { unseal, writeSealed } from '../journal/sealed.js';
import type { GitSource } from '../model/config.js';
import { type Revision, revisionWords } from '../model/revision.js';
import { revisionSchema } from '../journal/generation-schema.js';
import type { Tree } from './tree.js';

export interface Adoption extends GitSource, Tree {
  revision: Revision;
  /** SHA-256 of the commit without its signature; absent in records of releases before this one. */
  signed?: string;
}

const schema: z.ZodType<Adoption> = z.looseObject({
  git: z.string(),
  ref: z.string(),
  path: z.string(),
  revision: revisionSchema,
  signed: z.exactOptional(z.string()),
  files: z.record(z.string(), z.string()),
  leftOut: z.array(z.string()),
});

export const sourceFolder = (dataDir: string): string => join(dataDir, 'source');
/** The copy of the adopted state files, with the paths of the repository. */
export const treeFolder = (dataDir: string): string => join(sourceFolder(dataDir), 'tree');
const adoptionFile = (dataDir: string): string => join(sourceFolder(dataDir), 'adopted.json');

/** Where the adopted state files lie, for every command that reads state files. */
export function adoptedStateDir(dataDir: string, path: string): string {
  return join(treeFolder(dataDir), path);
}

/** `undefined` on a host that never adopted one. Throws a JournalError when the record is damaged. */
export function readAdoption(dataDir: string): Adoption | undefined {
  const path = adoptionFile(dataDir);
  const hint = 'Restore it from a backup, or remove it: then the next commit is taken as the first one.';
  const bytes = readIfThere(path);
  return bytes && unseal(bytes.toString(), 'Adoption', schema, { path, hint });
}

/** The revision of these state files; `undefined` for a state directory that is not the copy of a commit. */
export function revisionOf(stateDir: string, dataDir: string): Revision | undefined {
  const adoption = stateDir.startsWith(treeFolder(dataDir)) ? readAdoption(dataDir) : undefined;
  return adoption && stateDir === adoptedStateDir(dataDir, adoption.path) ? adoption.revision : undefined;
}

/** Puts a new copy in the place of the old one and records whose it is. Throws a JournalError. */
export function adopt(lock: WriterLock, adoption: Adoption, copy: string): void {
  const { dataDir } = lock;
  const { revision } = adoption;
  const signed = revision.signer ? `, signed by ${revision.signer.principal} (${revision.signer.key})` : '';
  const reason = `commit ${revisionWords(revision)} by ${revision.author}${signed}`;
  Journal.open(lock).appendDone({ kind: 'source', reason, revision });
  installTree(dataDir, copy);
  writeSealed(lock, adoptionFile(dataDir), 'Adoption', adoption, 'record the commit');
}

/** A crash in between leaves no copy, or one that is not the recorded one: the next pass makes it again. */
export function installTree(dataDir: string, copy: string): void {
  const tree = treeFolder(dataDir);
  try {
    makeFolder(sourceFolder(dataDir), 0o700);
    rmSync(tree, { recursive: true, force: true });
    renameSync(copy, tree);
    syncFolder(sourceFolder(dataDir));
  } catch (error) {
    throw writeFailed(`put the state files into ${tree}`, error);
  }
}

/** Notes when the remote has answered: the time of the record says it. */
export function noteAnswer(dataDir: string, heard: Date): void {
  utimesSync(adoptionFile(dataDir), heard, heard);
}

/** ISO 8601. */
export function lastAnswer(dataDir: string): string {
  return statSync(adoptionFile(dataDir)).mtime.toISOString();
}
