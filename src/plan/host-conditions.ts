// The conditions of the host as a whole, which `status` prints first. They follow from its interfaces, the orders of operators and the
// git source. Every type is always present, so that monitoring can rely on it.
import type { PendingReport } from '../model/pending.js';
import type { Hold, ReportedInterface } from '../model/reconciliation.js';
import { type Refusal, type Revision, revisionWords } from '../model/revision.js';
import { STATUS_CONDITIONS, type StatusCondition } from '../model/status.js';
import { type Suspension, suspensionWords } from '../model/suspension.js';

/** `changed`: when the journal last recorded a change of an interface. Times are ISO 8601. */
type Row = ReportedInterface & { changed?: string };

export interface Circumstances {
  rows: readonly Row[];
  /** ISO 8601. */
  booted: string;
  hold?: Hold | undefined;
  pending?: PendingReport | undefined;
  suspensions: readonly Suspension[];
  /** Absent where the state files come from no git source. */
  source?: AdoptedSource | undefined;
}

interface AdoptedSource {
  revision: Revision;
  /** When that revision was adopted. */
  adopted?: string | undefined;
  /** Why the newest revision is not adopted. */
  refusal?: Refusal | undefined;
}

type Answer = Omit<StatusCondition, 'type'>;

export function hostConditions(about: Circumstances): StatusCondition[] {
  const answers: Record<StatusCondition['type'], Answer> = {
    Ready: ready(about),
    Degraded: of(about, ['Degraded', 'Missing', 'Refused', 'Failed'], 'AsWanted', 'everything is as wanted'),
    Pending: of(about, ['Pending'], 'NoChanges', 'no change waits to be made'),
    Drifted: of(about, ['Drifted'], 'NoDrift', 'nobody else changed what runs'),
    Stalled: of(about, ['Stalled'], 'NotStalled', 'nothing was given up'),
    Held: held(about.hold),
    Suspended: suspended(about.suspensions),
    PendingConfirm: pending(about.pending),
    SourceVerified: verified(about.source),
  };
  return STATUS_CONDITIONS.map((type) => ({ type, ...answers[type] }));
}

function ready({ rows, booted }: Circumstances): Answer {
  const not = rows.find(({ condition }) => condition !== 'Ready' && condition !== 'Degraded');
  if (not)
    return { status: 'False', reason: not.condition, message: words(not), ...driftedSince(not, booted) };
  const since = latest(rows);
  if (rows.length === 0)
    return { status: 'True', reason: 'NothingWanted', message: 'no interface is wanted' };
  const message =
    rows.length === 1 ? 'the interface is in sync' : `all ${rows.length} interfaces are in sync`;
  return { status: 'True', reason: 'InSync', message, ...(since !== undefined && { since }) };
}

/** True when an interface has one of these conditions; the first such interface gives the reason. */
function of(
  { rows, booted }: Circumstances,
  which: readonly string[],
  otherwise: string,
  message: string,
): Answer {
  const found = rows.filter(({ condition }) => which.includes(condition));
  const [first] = found;
  if (!first) return { status: 'False', reason: otherwise, message };
  const more = found.length > 1 ? ` (and ${found.length - 1} more)` : '';
  const fellBack = first.condition === 'Degraded';
  const since = fellBack ? latest(found) : undefined;
  return {
    status: 'True',
    reason: fellBack ? 'FellBack' : first.condition,
    message: words(first) + more,
    ...(since !== undefined && { since }),
    ...driftedSince(first, booted),
  };
}

/** The time of drift is known only for a reboot, when everything was detached; no record says when anybody else changed something. */
function driftedSince({ drift }: Row, booted: string): Pick<Answer, 'since'> {
  return drift === 'rebooted' ? { since: booted } : {};
}

function held(hold: Hold | undefined): Answer {
  if (!hold) return { status: 'False', reason: 'NoHold', message: 'the state files are applied' };
  const message = `generation ${hold.generation} is kept: ${hold.reason}`;
  const reason = hold.undone === undefined ? 'HeldByOperator' : 'ChangeUndone';
  return { status: 'True', reason, message, since: hold.since };
}

function suspended(suspensions: readonly Suspension[]): Answer {
  const [first] = suspensions;
  if (!first) return { status: 'False', reason: 'NotSuspended', message: 'passes change what differs' };
  const since = suspensions.map((one) => one.since).sort()[0] ?? first.since;
  const message = suspensions.map(suspensionWords).join('; ');
  return { status: 'True', reason: 'SuspendedByOperator', message, since };
}

function pending(waiting: PendingReport | undefined): Answer {
  if (!waiting)
    return { status: 'False', reason: 'NothingPending', message: 'no change waits to be confirmed' };
  const message = `generation ${waiting.generation} waits until ${waiting.deadline}`;
  return { status: 'True', reason: 'WaitsForConfirm', message, since: waiting.since };
}

function verified(source: AdoptedSource | undefined): Answer {
  if (!source)
    return { status: 'Unknown', reason: 'NoSource', message: 'the state files come from no git source' };
  const { revision, adopted, refusal } = source;
  const since = adopted === undefined ? {} : { since: adopted };
  const commit = `commit ${revisionWords(revision)}`;
  if (refusal?.waits === true && revision.signer) {
    const message = `${commit} is signed by ${revision.signer.principal}; ${refusal.reason}`;
    return { status: 'True', reason: 'WaitsForTag', message, since: refusal.since };
  }
  if (refusal) {
    const message = `${commit} stays, the newest is refused: ${refusal.reason}`;
    return { status: 'False', reason: 'SourceRefused', message, since: refusal.since };
  }
  if (!revision.signer) {
    return {
      status: 'False',
      reason: 'NotVerified',
      message: `${commit}: signatures are not asked for`,
      ...since,
    };
  }
  const message = `${commit} is signed by ${revision.signer.principal}`;
  return { status: 'True', reason: 'SignatureGood', message, ...since };
}

function words({ name, reason }: Row): string {
  return `${name}: ${reason}`;
}

function latest(rows: readonly Row[]): string | undefined {
  return rows
    .flatMap(({ changed }) => changed ?? [])
    .sort()
    .at(-1);
}
