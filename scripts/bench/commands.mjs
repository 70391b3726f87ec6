// Commands and how long they take.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const bundle = new URL('../../dist/xdpkeep.js', import.meta.url).pathname;

export function milliseconds(command, ...args) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return took;
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
    ...Object.entries(flags).flatMap(([key, value]) => [`--${key}`, value]),
  ];
}
