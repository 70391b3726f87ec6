// The reason and the duration that an operator gives with `block` and `suspend`. Both are required.
import { parseDuration } from '../text/duration.js';
import { UsageError } from '../model/errors.js';

/** What is to last longer belongs into the state files. */
const LONGEST_DAYS = 30;

export interface ReasonAndDuration {
  reason?: string;
  for?: string;
}

/**
 * `example`: how the command is written. `instead`: where to what is to stay belongs, behind the hint about times; '' for
 * nothing. Milliseconds. Throws a UsageError.
 */
export function readReasonAndDuration(
  command: string,
  { reason, for: time }: ReasonAndDuration,
  { example, instead = '' }: { example: string; instead?: string },
): { reason: string; duration: number } {
  if (reason === undefined || reason.trim() === '' || time === undefined) {
    throw new UsageError(
      `${command} asks for --reason and --for: who finds it must know why, and it must end`,
      {
        hint: example,
      },
    );
  }
  const duration = parseDuration(time);
  if (duration === undefined || duration > LONGEST_DAYS * 86_400_000) {
    throw new UsageError(`"${time}" is not a time of at most ${LONGEST_DAYS} days`, {
      hint: `Write it like 90s, 30m, 2h or 1d${instead}.`,
    });
  }
  return { reason, duration };
}
