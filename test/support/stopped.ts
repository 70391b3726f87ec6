// A run that is suspended at a failpoint, while the test does something to the world.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Lab } from '../lab.js';
import type { Finished } from '../lab/exec.js';
import type { Point } from './transitions.js';

export interface Stopped {
  pid: number;
  /** Lets it go on to its end. */
  resume(): Promise<Finished>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Starts a reconcile and waits until it stands still at `point`. */
export async function stopAt(
  lab: Lab,
  point: Point,
  env: Record<string, string> = {},
  args = ['--allow-prune-all', '--output', 'json'],
): Promise<Stopped> {
  const run = lab.start(['reconcile', ...args], {
    env: { ...env, XDPKEEP_FAILPOINT: `${point}=stop` },
  });
  const pid = run.pid ?? 0;
  await expect.poll(() => stateOf(pid), { message: `suspended at ${point}` }).toBe('T');
  return {
    pid,
    resume: async () => {
      process.kill(pid, 'SIGCONT');
      const { exitCode, signal, stdout, stderr } = await run;
      return { exitCode, signal, stdout, stderr };
    },
    kill: async () => {
      process.kill(pid, 'SIGKILL');
      expect(await run).toMatchObject({ signal: 'SIGKILL' });
    },
  };
}

/** One letter, see proc_pid_stat(5); absent when there is no such process. */
function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
