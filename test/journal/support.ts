// What the journal's tests share: data directories that go away, steps to record, and child
// processes that run our code.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import { Journal } from '../../src/journal/journal.js';
import { withWriterLock, type WriterLock } from '../../src/journal/lock.js';
import type { DesiredState } from '../../src/model/desired.js';
import { XdpkeepError } from '../../src/model/errors.js';
import type { JournalEntry, RecordedState } from '../../src/model/record.js';
import type { AttachStep, CleanStep, DetachStep, ReattachStep, SwapStep } from '../../src/model/step.js';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-journal-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Runs synchronous work as the writer. */
export function locked<T>(dataDir: string, work: (lock: WriterLock) => T): Promise<T> {
  return withWriterLock(dataDir, (lock) => Promise.resolve(work(lock)));
}

/** Appends as one run would. */
export function record(dataDir: string, entries: readonly JournalEntry[]): Promise<void> {
  return locked(dataDir, (lock) => {
    const journal = Journal.open(lock);
    for (const entry of entries) journal.append(entry);
  });
}

/** The error of what must fail; `undefined` when it did not. */
export async function errorOf(work: () => unknown): Promise<XdpkeepError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof XdpkeepError) return error;
    throw error;
  }
}

/** Every path below a directory with what changes when somebody writes there. */
export function snapshot(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    const { ino, size, mtimeNs, ctimeNs, mode } = lstatSync(join(folder, name), { bigint: true });
    found[name] = [ino, size, mtimeNs, ctimeNs, mode].join(' ');
  }
  return found;
}

const about = { reason: 'not attached', gap: false };
const maps = { carried: [], fresh: [] };
const instance = (digest: string) => ({ digest, pinned: false, maps });

export function attachStep(interface_ = 'veth0', digest = 'new', dropLink = false): AttachStep {
  return {
    ...about,
    kind: 'attach',
    action: 'attach',
    interface: interface_,
    ifindex: 7,
    modes: ['native'],
    instance: instance(digest),
    dropLink,
  };
}

export function swapStep(linkId: number, digest = 'new'): SwapStep {
  const about_ = { ...about, kind: 'swap', action: 'update', interface: 'veth0' } as const;
  return { ...about_, ifindex: 7, mode: 'native', linkId, fromDigest: 'old', instance: instance(digest) };
}

export function reattachStep(linkId: number, digest = 'new'): ReattachStep {
  const about_ = { ...about, kind: 'reattach', action: 'update', interface: 'veth0' } as const;
  return {
    ...about_,
    ifindex: 7,
    modes: ['generic'],
    linkId,
    fromMode: 'native',
    instance: instance(digest),
  };
}

export function detachStep(linkId?: number): DetachStep {
  const about_ = { ...about, kind: 'detach', action: 'detach', interface: 'veth0' } as const;
  return { ...about_, ...(linkId !== undefined && { linkId }) };
}

export function cleanStep(): CleanStep {
  return { ...about, kind: 'clean', action: 'update', interface: 'veth0', keepDigest: 'new' };
}

export const intent = (generation = 1): JournalEntry => ({ generation, phase: 'intent', step: attachStep() });
export const done = (of: number, generation = 1): JournalEntry => ({
  generation,
  phase: 'done',
  step: attachStep(),
  of,
});

/** Without a policy: what is wanted and what is kept look alike. */
export function desiredState(digest = 'd1'): DesiredState & RecordedState {
  const program = {
    label: 'icmp-drop',
    function: 'icmp_drop',
    object: 'ab'.repeat(32),
    digest: 'new',
    written: 'w',
  };
  const at = { file: 'hosts/edge-1.yaml', line: 5, column: 3 };
  return {
    host: 'edge-1',
    interfaces: [
      { pattern: 'veth0', mode: 'native', foreign: 'refuse', program: { ...program, origin: 'builtin' }, at },
    ],
    digest,
    written: digest,
  };
}

/** Bundles test/journal/children/writer.ts; the answer starts it with arguments. */
export async function buildWriter(): Promise<(...args: string[]) => Writer> {
  const folder = temporaryFolder();
  const outfile = join(folder, 'writer.mjs');
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  await build({
    entryPoints: ['test/journal/children/writer.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    outfile,
  });
  return (...args) => new Writer([outfile, ...args]);
}

/** A child process that says one line when it has come to the point. */
export class Writer {
  readonly process: ChildProcess;
  /** The first line that it says. */
  readonly said: Promise<string>;
  readonly ended: Promise<unknown>;

  constructor(args: string[]) {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.process = child;
    this.ended = once(child, 'exit');
    this.said = once(createInterface(child.stdout), 'line').then(([line]) => String(line));
    onTestFinished(() => this.kill());
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    if (this.process.exitCode === null && this.process.signalCode === null) await this.ended;
  }
}
