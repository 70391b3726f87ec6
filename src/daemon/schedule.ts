// When `--schedule` asks for a pass. node-cron parses the expression and says whether an instant matches; the waiting is done
// here, by the monotonic clock. The wall clock only says which second it is, so that setting it back cannot make the daemon deaf
// for that time, and setting it forward asks for one pass and not for thousands.
import cron, { type ScheduledTask } from 'node-cron';
import { UsageError } from '../model/errors.js';

/** Milliseconds by which the two clocks may come apart before somebody has set one: adjustments of NTP are slower. */
const STEP = 2000;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Of a time without a processor: 3,600 questions. */
const MOST_ASKED = 60 * MINUTE;

export interface Clocks {
  /** Milliseconds since 1970. */
  wall: () => number;
  /** Milliseconds; never set, and stands still while the machine sleeps. */
  monotonic: () => number;
}

const CLOCKS: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };

/** Throws a UsageError for what is no cron expression of five fields, or of six with seconds. */
export function parseSchedule(expression: string): ScheduledTask {
  if (!cron.validate(expression)) {
    throw new UsageError(`"${expression}" is not a cron expression`, {
      hint: 'Write it like "*/5 * * * *".',
    });
  }
  return cron.createTask(expression, () => undefined); // never started: it only matches
}

export class Schedule {
  #timer: NodeJS.Timeout | undefined;
  #seen: { wall: number; monotonic: number };
  readonly #period: number;

  /** `look` is called at most once for each wake-up. `stepped`: milliseconds by which the wall clock was set forward, or back. */
  constructor(
    private readonly times: ScheduledTask,
    private readonly look: () => void,
    private readonly stepped: (by: number) => void,
    private readonly clocks: Clocks = CLOCKS,
  ) {
    this.#period = times.getPattern().trim().split(/\s+/).length > 5 ? SECOND : MINUTE;
    this.#seen = this.#now();
    this.#sleep();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #now() {
    return { wall: this.clocks.wall(), monotonic: this.clocks.monotonic() };
  }

  #sleep(): void {
    // A moment late: a timer may come a millisecond early, and would be asked about the period before.
    const left = this.#period - (this.#seen.wall % this.#period) + 5;
    this.#timer = setTimeout(() => {
      this.#wake();
      this.#sleep();
    }, left);
  }

  #wake(): void {
    const before = this.#seen;
    const now = this.#now();
    this.#seen = now;
    const by = now.wall - before.wall - (now.monotonic - before.monotonic);
    if (Math.abs(by) < STEP) {
      if (this.#matchesBetween(before.wall, now.wall)) this.look();
      return;
    }
    this.stepped(by);
    // Times that were leapt over have come, whichever they are. Those that come again after a step back are asked again.
    if (by > 0 || this.times.match(new Date(now.wall))) this.look();
  }

  /**
   * Is there a second after `from` and up to `to` that matches? Both in ms since 1970. After hours without a processor one
   * look is enough, and is not worth a question for every second of them.
   */
  #matchesBetween(from: number, to: number): boolean {
    if (to - from > MOST_ASKED) return true;
    for (let second = Math.floor(from / SECOND) + 1; second <= Math.floor(to / SECOND); second++) {
      if (this.times.match(new Date(second * SECOND))) return true;
    }
    return false;
  }
}
