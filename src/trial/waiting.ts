// Guards a change that waits for its confirmation: a pass for the same desired state changes nothing, and a pass for another state is
// refused. Reads only.
import { readGeneration } from '../journal/generations.js';
import { readTrial } from '../journal/undo-record.js';
import { monotonicNow } from '../kernel/boot.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import type { DesiredState } from '../model/desired.js';
import { formatDuration } from '../text/duration.js';
import { PendingError } from '../model/errors.js';
import { ifReadable } from '../disk/if-readable.js';
import { type Pending, type PendingReport, reportPending } from '../model/pending.js';

/** `undefined` when no change waits. Throws a PendingError when the change that waits is not `desired`. */
export function waitingTrial(
  dataDir: string,
  pinPaths: PinPaths,
  desired: DesiredState,
): PendingReport | undefined {
  const pending = readTrial(dataDir, pinPaths)?.pending;
  if (!pending) return undefined;
  const report = reportPending(pending, monotonicNow());
  const isSame = pending.phase === 'waiting' && isOf(dataDir, pending, desired);
  if (!isSame) throw stillPending(pending);
  return report;
}

/** For commands that make changes of their own. Throws a PendingError. */
export function requireNoTrial(dataDir: string, pinPaths: PinPaths): void {
  const pending = readTrial(dataDir, pinPaths)?.pending;
  if (pending) throw stillPending(pending);
}

function isOf(dataDir: string, { generation, written }: Pending, desired: DesiredState): boolean {
  return written === desired.written || digestOf(dataDir, generation) === desired.digest;
}

/** `undefined` if the generation was lost together with the data directory. */
function digestOf(dataDir: string, generation: number): string | undefined {
  return ifReadable(() => readGeneration(dataDir, generation).desired.digest);
}

function stillPending(pending: Pending): PendingError {
  const left = reportPending(pending, monotonicNow())?.secondsLeft;
  const until =
    left === undefined ? 'is being tried' : `waits for its confirmation, ${formatDuration(left * 1000)} left`;
  return new PendingError(`generation ${pending.generation} ${until}: no other change is made meanwhile`, {
    hint: 'Keep it with `xdpkeep confirm`, or go back with `xdpkeep cancel`; then run the command again.',
  });
}
