// How fast this machine is just now, for the few tests whose subject is a time: a deadline that must not be over before the
// test has looked, a rest in which nothing may happen. All others wait for what they want to see, and need no time.
import { execFileSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds in which a machine with nothing else to do starts Node. */
const QUIET = 60;

/** How many times slower than such a machine this one is: 1 at least. */
export function pace(): number {
  const started = process.hrtime.bigint(); // nobody fakes this clock
  execFileSync(process.execPath, ['-e', ''], { env: {} });
  const took = Number(process.hrtime.bigint() - started) / 1e6;
  const [load = 0] = loadavg();
  return Math.max(1, took / QUIET, load / availableParallelism());
}

/** A time that is enough on a quiet machine, as long as it has to be on this one: whole seconds. */
export function scaled(seconds: number): number {
  return Math.ceil(seconds * pace());
}

/** Waits until `read` gives the same for some time, and gives that. For what has no event that says that it is over. */
export async function steady<T>(read: () => T | Promise<T>, milliseconds = 250): Promise<T> {
  for (let last = await read(); ;) {
    await sleep(milliseconds * pace());
    const now = await read();
    if (now === last) return now;
    last = now;
  }
}
