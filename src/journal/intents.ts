// Queries of the records about steps: intents without an outcome, the last failures, and how and from where each interface was attached.
// Pure.
import type { JournalRecord } from '../model/record.js';
import type { RecordStep, Step } from '../model/step.js';
import { isRecovered } from './recover-intents.js';

/** Intents of steps without an outcome, oldest first. */
export function openIntents(records: readonly JournalRecord[]): JournalRecord[] {
  const concluded = new Set(records.map(({ of }) => of));
  return records.filter(
    ({ phase, seq, step }) => phase === 'intent' && 'interface' in step && !concluded.has(seq),
  );
}

/**
 * Interface -> its last record in this boot, when that is a failed or undone step. A step of a run that was killed does not count as
 * failed.
 */
export function lastFailures(records: readonly JournalRecord[], boot: string): Map<string, JournalRecord> {
  const failures = new Map<string, JournalRecord>();
  for (const record of records) {
    if (record.boot !== boot || record.phase === 'intent' || !('interface' in record.step)) continue;
    const failed = (record.phase === 'failed' || record.phase === 'undone') && !isRecovered(record);
    if (failed) failures.set(record.step.interface, record);
    else failures.delete(record.step.interface);
  }
  return failures;
}

/**
 * Interface -> inode of the network namespace from which we last attached it, in this boot. Absent without a record: then nothing proves
 * that a link on an interface of another namespace is ours to replace.
 */
export function attachedFrom(records: readonly JournalRecord[], boot: string): Map<string, number> {
  const from = new Map<string, number>();
  for (const { step, phase, of, ...record } of records) {
    if (phase !== 'done' || !('interface' in step)) continue;
    // A later run may have recorded the outcome from another namespace: the intent says where the step took effect.
    const maker = of === undefined ? record : (records[of - 1] ?? record);
    if (maker.boot !== boot) continue;
    if (step.kind === 'attach' || step.kind === 'reattach') from.set(step.interface, maker.netns);
    if (step.kind === 'detach') from.delete(step.interface);
  }
  return from;
}

/**
 * Ifindex -> digest of the instance that we last attached or intended to attach, in this boot and network namespace. Absent after a
 * detachment, which ends only when the interface is free.
 */
export function lastInstances(
  records: readonly JournalRecord[],
  here: Pick<JournalRecord, 'boot' | 'netns'>,
): Map<number, string> {
  const last = new Map<number, string>();
  for (const { step, phase, boot, netns } of records) {
    if (boot !== here.boot || netns !== here.netns) continue;
    if ('instance' in step) last.set(step.ifindex, step.instance.digest);
    if (step.kind === 'detach' && phase === 'done' && step.ifindex) last.delete(step.ifindex);
  }
  return last;
}

/**
 * Ifindex -> why the driver refused native mode when our link was made, in this boot and network namespace. Absent where it did not
 * refuse, and where an older release wrote the record.
 */
export function fallbacks(
  records: readonly JournalRecord[],
  here: Pick<JournalRecord, 'boot' | 'netns'>,
): Map<number, string> {
  const reasons = new Map<number, string>();
  for (const { step, phase, boot, netns } of records) {
    if (phase !== 'done' || boot !== here.boot || netns !== here.netns) continue;
    if (step.kind !== 'attach' && step.kind !== 'reattach') continue;
    const why = step.attached?.fellBackBecause;
    if (why === undefined) reasons.delete(step.ifindex);
    else reasons.set(step.ifindex, why);
  }
  return reasons;
}

/** Does the step only restore the instance that the last completed step on its interface had attached? */
export function bringsBack(records: readonly JournalRecord[], step: Step): boolean {
  if (!('instance' in step)) return records.length > 0;
  const last = records.findLast(
    (one) =>
      one.phase === 'done' &&
      'interface' in one.step &&
      one.step.interface === step.interface &&
      (one.step.kind === 'detach' || 'instance' in one.step),
  );
  return last !== undefined && 'instance' in last.step && last.step.instance.digest === step.instance.digest;
}

/** Does the step only restore the recorder that the last completed step on its interface had attached? */
export function bringsRecorderBack(
  records: readonly JournalRecord[],
  { interface: name, digest }: RecordStep,
): boolean {
  const last = records.findLast(({ phase, step }) => {
    const isAboutIt = step.kind === 'record' || step.kind === 'forget' || step.kind === 'detach';
    return phase === 'done' && isAboutIt && step.interface === name;
  });
  return last?.step.kind === 'record' && last.step.digest === digest;
}
