// Commands and how long they take.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const bundle = new URL('../../dist/xdpkeep.js', import.meta.url).pathname;

export function milliseconds(command, ...args) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return took;
}

/**
 * `{ changed, ended }`: milliseconds from the start of the command until `read()` answers otherwise than before, looked at
 * every millisecond, and until the process has ended.
 */
export async function untilChanged(read, command, ...args) {
  const before = read();
  return untilTrue(() => read() !== before, command, ...args);
}

/** The same until `isDone()`; `peak` is the most memory that the process has had, in bytes. */
export async function untilTrue(isDone, command, ...args) {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  let ended;
  const exit = new Promise((resolve) => {
    const end = (failure) => {
      ended = performance.now() - start;
      resolve(failure);
    };
    child.on('error', (error) => end(error));
    child.on('exit', (status) => {
      end(status === 0 ? undefined : new Error(`${command} ${args.join(' ')} ended with ${status}`));
    });
  });
  let changed;
  let peak = 0;
  while (ended === undefined) {
    await sleep(changed === undefined ? 1 : 5);
    if (changed === undefined && isDone()) changed = performance.now() - start;
    peak = peakOf(child.pid) ?? peak;
  }
  const failure = await exit;
  if (failure) throw failure;
  return { changed: changed ?? ended, ended, peak };
}

/** `undefined` when it has ended. */
function peakOf(pid) {
  try {
    const kibibytes = /^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes && Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

/** Reconciles `bench` of the state directory WORK/STATE, apart from all other state directories. */
export function reconcileCommand(work, state, options) {
  return xdpkeepCommand(work, state, ['reconcile', '--allow-prune-all'], options);
}

/** Any command of xdpkeep with the directories of that state; by default of this build, on the bpffs of the namespace. */
export function xdpkeepCommand(work, state, args, { program = bundle, bpffs = '/sys/fs/bpf' } = {}) {
  const flags = {
    state: join(work, state),
    host: 'bench',
    bpffs,
    'data-dir': join(work, `${state}.data`),
  };
  return [
    process.execPath,
    program,
    ...args,
    ...Object.entries(flags).flatMap(([key, value]) => [`--${key}`, value]),
  ];
}

/** A part of the bpffs that one state has for itself. */
export function makeBpffs(state) {
  const bpffs = `/sys/fs/bpf/${state}`;
  mkdirSync(bpffs);
  return bpffs;
}

/** Writes a state directory: `interfaces` and files by path. */
export function writeState(work, state, interfaces, files = {}) {
  const host = { apiVersion: 'xdpkeep/v1', kind: 'Host', name: 'bench', interfaces };
  const all = { 'hosts/bench.yaml': JSON.stringify(host, null, 1), ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(work, state, path)), { recursive: true });
    writeFileSync(join(work, state, path), text);
  }
}

/** Replaces a large file piece by piece, at once for whoever reads it. */
export function writePieces(path, pieces) {
  const fd = openSync(`${path}.new`, 'w');
  for (const piece of pieces) writeSync(fd, piece);
  closeSync(fd);
  renameSync(`${path}.new`, path);
}
