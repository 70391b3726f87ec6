// Commands and how long they take.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
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
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  let ended;
  const exit = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status) => {
      ended = performance.now() - start;
      if (status === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} ended with ${status}`));
    });
  });
  let changed;
  while (changed === undefined && ended === undefined) {
    await sleep(1);
    if (read() !== before) changed = performance.now() - start;
  }
  await exit;
  return { changed: changed ?? ended, ended };
}

/** Reconciles `bench` of the state directory WORK/STATE, apart from all other state directories. */
export function reconcileCommand(work, state) {
  const flags = {
    state: join(work, state),
    host: 'bench',
    bpffs: '/sys/fs/bpf',
    'data-dir': join(work, `${state}.data`),
  };
  return [
    process.execPath,
    bundle,
    'reconcile',
    '--allow-prune-all',
    ...Object.entries(flags).flatMap(([key, value]) => [`--${key}`, value]),
  ];
}
