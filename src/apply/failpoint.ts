// Named places where a crash is worth testing. `XDPKEEP_FAILPOINT=swap:after` ends the process there with SIGKILL,
// `swap:after=stop` suspends it until SIGCONT, `swap:after=fail` makes the effect fail as a real one does. Each strikes
// once, so that undoing can use the effect that failed. Several are separated by commas. Without it: one comparison.
import { EnvironmentError, JournalError } from '../model/errors.js';

/** Every effect of the executor in a change that is not on trial; each can be struck before and after. */
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

/** What a trial adds: arming its deadline, announcing it, and what decides it or leaves it to wait. */
export const TRIAL_EFFECTS = ['arm', 'announce', 'decide'] as const;

export type Effect = (typeof EFFECTS)[number];
export type TrialEffect = (typeof TRIAL_EFFECTS)[number];
/** What is done beside the steps of an interface, before them. */
type RecordEffect = 'record';

/** Those whose failure means that the journal or a generation cannot be written. */
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

/** The same for an effect that takes its time. */
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
