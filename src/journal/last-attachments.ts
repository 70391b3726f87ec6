// Derives from the records how each interface was last attached, in this boot or an earlier one: a restored instance is attached in the
// same mode (decision 0125). Pure.
import type { JournalRecord } from '../model/record.js';
import type { Attachment, EffectiveStep, LastAttachment } from '../model/step.js';

/** Interface -> its last attachment. Absent where it was detached since, and where an older release did not record the mode. */
export function lastAttachments(records: readonly JournalRecord[]): Map<string, LastAttachment> {
  const all = new Map<string, (LastAttachment & { generation: number })[]>();
  for (const { step, phase, generation } of records) {
    // The inverses of a trial leave no records: the attachment before the trial counts again.
    if (step.kind === 'trial' && phase === 'undone') {
      for (const [name, ran] of all)
        all.set(
          name,
          ran.filter((one) => one.generation !== generation),
        );
    }
    if (phase !== 'done' || !('interface' in step)) continue;
    const before = all.get(step.interface) ?? [];
    if (step.kind === 'detach') all.delete(step.interface);
    else if (step.kind === 'rename') move(all, step.from, step.interface);
    else if ('instance' in step) {
      const attached = attachmentOf(step, before.at(-1));
      const ran = { digest: step.instance.digest, ifindex: step.ifindex, generation };
      all.set(step.interface, attached ? [...before, { ...attached, ...ran }] : []);
    }
  }
  return new Map(
    [...all].flatMap(([name, ran]) => ran.slice(-1).map((one): [string, LastAttachment] => [name, one])),
  );
}

/** A swap keeps the mode of the link. Where several modes were tried, the record has the one that worked. */
function attachmentOf(step: EffectiveStep, before: LastAttachment | undefined): Attachment | undefined {
  if (step.kind === 'swap') {
    const why = before?.ifindex === step.ifindex ? before.fellBackBecause : undefined;
    return { mode: step.mode, ...(why !== undefined && { fellBackBecause: why }) };
  }
  if (step.kind !== 'attach' && step.kind !== 'reattach') return undefined;
  const [mode, ...others] = step.modes;
  return step.attached ?? (mode !== undefined && others.length === 0 ? { mode } : undefined);
}

/** Where the new name has an entry too, the two interfaces exchanged their names. */
function move<T>(all: Map<string, T[]>, from: string, to: string): void {
  const [moved, other] = [all.get(from) ?? [], all.get(to) ?? []];
  all.set(to, moved);
  all.set(from, other);
}
