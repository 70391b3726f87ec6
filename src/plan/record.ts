// Plans where the recorder is attached: on every interface of a host one of whose rules asks about connections, since what leaves by one
// interface may be answered on another. It is attached before rules ask, and removed when none does any more.
import type { Difference } from '../model/difference.js';
import type { OwnedInterface } from '../model/observed.js';
import type { ForgetStep, RecordStep } from '../model/step.js';
import type { PlanContext } from './context.js';

/** The step that the recorder of an interface needs; `undefined` when it needs none. Where an interface is left, `detach` removes it with all other pins. */
export function planRecording(
  { interface: name, wanted, observed, owned }: Difference,
  { egress, past }: Pick<PlanContext, 'egress' | 'past'>,
): RecordStep | ForgetStep | undefined {
  if (!wanted || !observed || owned?.trouble) return undefined;
  const pinned = owned?.egress ?? [];
  const isRight = pinned.some((one) => one.digest === egress && one.link.ifindex === observed.ifindex);
  const base = { interface: name, action: 'update', gap: false } as const;
  if (egress !== undefined && !isRight) {
    const reason = reasonFor(owned, observed.ifindex);
    return { ...base, kind: 'record', reason, ifindex: observed.ifindex, digest: egress };
  }
  if (egress !== undefined || pinned.length === 0 || past.keepsFormer) return undefined;
  return {
    ...base,
    kind: 'forget',
    reason: 'what leaves is recorded no more: no rule asks about connections',
  };
}

function reasonFor(owned: OwnedInterface | undefined, ifindex: number): string {
  const pinned = owned?.egress ?? [];
  if (pinned.length === 0) return 'what leaves is recorded, since rules ask about connections';
  return pinned.some(({ link }) => link.ifindex === ifindex)
    ? 'what leaves is recorded by the program of this release'
    : 'what leaves is recorded no more: the link that did is not on this interface';
}
