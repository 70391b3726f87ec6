// Named places where a crash is worth testing. `XDPKEEP_FAILPOINT=swap:after` ends the process there with SIGKILL,
// `swap:after=stop` suspends it until SIGCONT, `swap:after=fail` makes the effect fail. Without it: one comparison.
import { EnvironmentError } from '../model/errors.js';

/** Every effect of the executor; each can be struck before and after. */
export const EFFECTS = [
  'generation',
  'intent',
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

export type Effect = (typeof EFFECTS)[number];

/** Runs one effect, with a failpoint on each side. */
export function effect<T>(name: Effect, run: () => T): T {
  strike(`${name}:before`);
  const result = run();
  strike(`${name}:after`);
  return result;
}

function strike(point: string): void {
  const [name, manner = 'kill'] = (process.env['XDPKEEP_FAILPOINT'] ?? '').split('=');
  if (name !== point) return;
  if (manner === 'fail')
    throw new EnvironmentError(`failpoint ${point}`, { hint: 'Unset XDPKEEP_FAILPOINT.' });
  process.kill(process.pid, manner === 'stop' ? 'SIGSTOP' : 'SIGKILL');
}
