// Failpoints for tests of crashes. `XDPKEEP_FAILPOINT=swap:after` kills the process there with SIGKILL, `swap:after=stop` stops it until
// SIGCONT, `swap:after=fail` makes the effect throw. Several are separated by commas. The first that is reached takes effect, once per
// process, so that undoing can use the effect that failed.
import { EnvironmentError, JournalError } from '../model/errors.js';

/** Every effect of the executor in a change that is not on trial; each has a failpoint before and after it. */
export const EFFECTS = [
  'generation',
  'intent',
  'move',
  'pin',
  'take-over',
  'drop-link',
  'link',
  'swap',
  'give-back',
  'verify',
  'clean',
  'outcome',
] as const;

/** Effects that a trial adds: arming its deadline, announcing it, deciding it. */
export const TRIAL_EFFECTS = ['arm', 'announce', 'decide'] as const;

export type Effect = (typeof EFFECTS)[number];
export type TrialEffect = (typeof TRIAL_EFFECTS)[number];
/** What is done beside the steps of an interface, before them. */
type RecordEffect = 'record';

/** Effects whose failure is a JournalError: they write the journal or a generation. */
const WRITTEN = new Set<Effect | TrialEffect | RecordEffect>([
  'generation',
  'intent',
  'outcome',
  'announce',
  'decide',
]);

/** Runs one effect, with a failpoint on each side. */
export function effect<T>(name: Effect | TrialEffect | RecordEffect, run: () => T): T {
  strike(name, 'before');
  const result = run();
  strike(name, 'after');
  return result;
}

/** Like `effect`, for an asynchronous effect. */
export async function awaitEffect<T>(
  name: Effect | TrialEffect | RecordEffect,
  run: () => Promise<T>,
): Promise<T> {
  strike(name, 'before');
  const result = await run();
  strike(name, 'after');
  return result;
}

let struck = false;

function strike(name: Effect | TrialEffect | RecordEffect, side: 'before' | 'after'): void {
  const [points, action = 'kill'] = (process.env['XDPKEEP_FAILPOINT'] ?? '').split('=');
  const point = `${name}:${side}`;
  if (struck || !points?.split(',').includes(point)) return;
  struck = true;
  if (action === 'fail') {
    const Failure = WRITTEN.has(name) ? JournalError : EnvironmentError;
    throw new Failure(`failpoint ${point}`, { hint: 'Unset XDPKEEP_FAILPOINT.' });
  }
  process.kill(process.pid, action === 'stop' ? 'SIGSTOP' : 'SIGKILL');
}
