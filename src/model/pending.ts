// A change on trial: in effect, or on its way there, and undone unless something says in time that it may stay.
import { formatDuration } from '../text/duration.js';

/** `pending.json`. It is there before the first effect of the change, and gone when the change is decided. */
export interface Pending {
  /** Tells the timer or watchdog whether it is still about this change. */
  id: string;
  /** The generation on trial; it may not be there yet. */
  generation: number;
  /** The generation whose content counts as confirmed; 0 for nothing attached. */
  previous: number;
  /** `DesiredState.written` of the generation on trial: what a hold will be about. */
  written: string;
  /** `trying` until probes and counters have been looked at; only then it may be confirmed. */
  phase: 'trying' | 'waiting';
  /** boot_id: another one means that the kernel has forgotten everything. */
  boot: string;
  /** ISO 8601, wall clock: for people. */
  since: string;
  /** Absent when nobody has to confirm. */
  deadline?: Deadline;
  /** A part of it could not be done yet: it goes on trial for itself, whoever confirms this one. */
  inPart?: true;
  /** Programs of ours ran before of which no record says what they were: the data directory was lost at some time. */
  unknown?: true;
  /** What it was read from. */
  place?: Place;
  /** Why somebody is about to end it: should that be interrupted, whoever comes next does. */
  ending?: string;
}

/** Where the state files of a host lie. */
export interface Place {
  /** Absolute. */
  stateDir: string;
  host: string;
}

export interface Deadline {
  /** Milliseconds on CLOCK_MONOTONIC of that boot. */
  monotonic: number;
  /** ISO 8601: for people. */
  wall: string;
  /** Who rolls back when it is over: a unit of systemd, or the pid of our watchdog. */
  armed: { by: 'systemd'; unit: string } | { by: 'watchdog'; pid: number };
}

/** What a report says of it. */
export interface PendingReport {
  generation: number;
  previous: number;
  since: string;
  deadline: string;
  /** Whole seconds; 0 when it is over. */
  secondsLeft: number;
  armed: Deadline['armed'];
}

/** Why a change on trial cannot stay; `undefined` while it may. `now`: CLOCK_MONOTONIC in ms. Only for who has the lock. */
export function whyOver(pending: Pending, { boot, now }: { boot: string; now: number }): string | undefined {
  if (pending.boot !== boot) return 'the machine was rebooted before it was confirmed';
  if (pending.ending !== undefined) return pending.ending;
  if (pending.phase === 'trying') return 'the run that made it ended before it was decided';
  if (!pending.deadline || now >= pending.deadline.monotonic) return 'it was not confirmed in time';
  return undefined;
}

/** `undefined` for one that nobody can confirm yet. */
export function reportPending(
  { generation, previous, since, deadline }: Pending,
  now: number,
): PendingReport | undefined {
  if (!deadline) return undefined;
  const { monotonic, wall, armed } = deadline;
  const secondsLeft = Math.max(0, Math.ceil((monotonic - now) / 1000));
  return { generation, previous, since, deadline: wall, secondsLeft, armed };
}

/** For people and logs alike: what waits, and what becomes of it. */
export function pendingWords({ generation, previous, secondsLeft, armed }: PendingReport): string {
  const who = armed.by === 'systemd' ? `timer ${armed.unit}` : `watchdog, process ${armed.pid}`;
  const left = secondsLeft > 0 ? `${formatDuration(secondsLeft * 1000)} left` : 'its time is over';
  return `generation ${generation} waits for its confirmation, ${left} (${who}): \`xdpkeep confirm\` keeps it; else generation ${previous} comes back`;
}
