// A host that the build of an earlier revision has left, and the upgrade to the build of this tree: its files are put in the
// place of the old ones, one by one, as dpkg does it, while whatever runs of the old build goes on.
// needs: lab revision
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { must } from '../lab/exec.js';
import { createLab, type Lab } from '../lab.js';
import { madeOnce } from '../lab/made-once.js';
import { document } from '../support/host.js';

type Build = 'old' | 'new';

/** Milliseconds that one of these tests may take on a busy machine. */
export const LONG = 300_000;

/** A lab in which the old build is installed. */
export async function createOldLab(options: Parameters<typeof createLab>[0] = {}): Promise<Lab> {
  const lab = await createLab(options);
  try {
    await install(lab, 'old');
    return lab;
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** Puts the files of a build in the place of those that are there. */
export async function install(lab: Lab, build: Build): Promise<void> {
  const from = build === 'new' ? resolve('dist') : join(await madeOnce('revision.sh'), 'dist');
  const into = join(lab.directory, 'lib');
  const unpacked = join(lab.directory, 'lib.unpacked');
  cpSync(from, unpacked, { recursive: true });
  for (const path of filesIn(unpacked)) {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    renameSync(join(unpacked, path), join(into, path));
  }
  for (const path of filesIn(into)) if (!existsSync(join(from, path))) rmSync(join(into, path));
  rmSync(unpacked, { recursive: true });
  lab.program = join(into, 'xdpkeep.js');
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/**
 * Installs the new build and makes its first pass, which may swap programs and do nothing else; and a second one, which
 * finds nothing to do.
 */
export async function takeOver(lab: Lab, exitCode = 0): Promise<Reconciliation> {
  const before = await links(lab);
  await install(lab, 'new');
  const result = await pass(lab, exitCode);
  for (const step of result.steps) {
    expect(step).toMatchObject({
      gap: false,
      outcome: expect.stringMatching(/^(done|unchanged)$/) as string,
    });
    expect(['update', 'none']).toContain(step.action);
  }
  expect(result.warnings.filter(isNews)).toEqual([]);
  expect(await links(lab), 'each link is the one that the old build made').toEqual(before);
  const second = await pass(lab, exitCode);
  expect(second.changed).toBe(false);
  expect(second.warnings.filter(isNews)).toEqual([]);
  return result;
}

/** Of a veth pair, which takes tags off, the new build warns where a policy asks for `vlan`. */
function isNews(warning: string): boolean {
  return !warning.includes('rx-vlan-offload');
}

async function pass(lab: Lab, exitCode: number): Promise<Reconciliation> {
  return document(await lab.run(['reconcile', '--output', 'json']), exitCode);
}

/** Id of the pinned link of each interface. */
export async function links(lab: Lab): Promise<Record<string, number>> {
  const folder = join(lab.bpffs, 'xdpkeep/interfaces');
  const ids: Record<string, number> = {};
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const pin = join(folder, name, 'link');
    if (!existsSync(pin)) continue;
    ids[name] = (
      JSON.parse(await must('bpftool', ['-j', 'link', 'show', 'pinned', pin])) as { id: number }
    ).id;
  }
  return ids;
}
