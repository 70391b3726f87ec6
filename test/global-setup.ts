// Before the tests: everything that they need is there, or nothing runs. Missing tools never mean skipped tests.
// After them: nothing of theirs is left on the machine, or the run fails.
import {
  accessSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { findTool } from '../src/kernel/tool.js';
import { hasXdpLinks } from '../src/kernel/features.js';
import { leftovers, sweep } from './lab/residue.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Starts the name of everything that this run makes. */
    run: string;
    /** HOME of what tests start: an empty directory. */
    home: string;
    /** Directory of the bundled test/children/. */
    children: string;
  }
}

const PREFIX = 'xdpkeep-test-';
const ASKED = Symbol.for('xdpkeep: the kernel was asked what it can');
/** What every test in the lab uses; others say what they need: scripts/test/needs.mjs. */
const TOOLS = ['bpftool', 'clang', 'ip', 'tc', 'nsenter', 'unshare', 'setpriv', 'ping', 'mount'];

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  checkMachine();
  await sweepDead();
  const run = `${PREFIX}${process.pid}-${project.name}`; // each kind of test has its own
  // Before anything is started. Who needs files there, or writes some, is given a home of its own.
  const home = join(tmpdir(), `${run}-home`);
  mkdirSync(home);
  const children = mkdtempSync(join(tmpdir(), `${run}-children-`));
  chmodSync(children, 0o755); // some run as another user
  await bundleChildren(children);
  project.provide('run', run);
  project.provide('home', home);
  project.provide('children', children);
  return async () => {
    const written = readdirSync(home);
    for (const folder of [home, children]) rmSync(folder, { recursive: true });
    const left = await sweep(`${run}-`, tmpdir());
    if (left.length > 0) throw new Error(`the tests left behind: ${left.join(', ')}`);
    if (written.length > 0) throw new Error(`tests wrote into their empty home: ${written.join(', ')}`);
  };
}

/** A run that was interrupted (Ctrl-C, a crash) could not clean everything up: the next one does. */
async function sweepDead(): Promise<void> {
  for (const left of leftovers(PREFIX, tmpdir())) {
    const pid = new RegExp(`${PREFIX}(\\d+)`).exec(left)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await sweep(`${PREFIX}${pid}-`, tmpdir());
  }
}

function checkMachine(): void {
  const problems: string[] = [];
  if (process.getuid?.() !== 0)
    problems.push('the tests need root: they make namespaces and attach programs');
  for (const tool of TOOLS) if (findTool(tool) === undefined) problems.push(`${tool} is not installed`);
  if (!existsSync('dist/xdpkeep.js')) problems.push('dist/ is not built: npm run build');
  if (problems.length > 0) throw new Error(problems.join('\n'));
  accessSync('/sys/kernel/btf/vmlinux');
  // Each kind of test sets up in this one process, with modules of its own, and koffi takes the name of a type once.
  if (Reflect.has(globalThis, ASKED)) return;
  Reflect.set(globalThis, ASKED, true);
  if (!hasXdpLinks()) throw new Error('this kernel has no XDP links');
}

/** Node runs no TypeScript, and processes in other namespaces need the doors to the kernel as well. */
async function bundleChildren(directory: string): Promise<void> {
  symlinkSync(resolve('node_modules'), join(directory, 'node_modules'));
  symlinkSync(resolve('dist/bpf'), join(directory, 'bpf'));
  await build({
    entryPoints: readdirSync('test/children').map((file) => `test/children/${file}`),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    logLevel: 'warning',
  });
}
