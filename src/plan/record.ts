// Plans where the recorder is attached: on every interface of a host one of whose rules asks about connections, since what leaves by one
// interface may be answered on another. It is attached before rules ask, and removed when none does any more. Tables of another size are made with another
// program, since a program keeps its maps; how long flows are kept is changed under the program that runs.
import { changedLives, GRACE } from '../model/connections.js';
import type { Difference } from '../model/difference.js';
import { type ObservedState, type OwnedInterface, runningInstance } from '../model/observed.js';
import type { ForgetStep, RecordStep, RepinStep, RetimeStep } from '../model/step.js';
import type { PlanContext, WantedRecorder } from './context.js';

/** The step that the recorder of an interface needs; `undefined` when it needs none. Where an interface is left, `detach` removes it with all other pins. */
export function planRecording(
  { interface: name, wanted, observed, owned }: Difference,
  { egress, past, observed: state }: Pick<PlanContext, 'egress' | 'past' | 'observed'>,
): RecordStep | ForgetStep | undefined {
  if (!wanted || !observed || owned?.trouble) return undefined;
  const pinned = owned?.egress ?? [];
  const base = { interface: name, action: 'update', gap: false } as const;
  if (egress && !isRecording(owned, observed.ifindex, egress)) {
    const reason = reasonFor(owned, observed.ifindex, egress, state);
    return { ...base, kind: 'record', reason, ifindex: observed.ifindex, ...egress };
  }
  if (pinned.length === (egress ? 1 : 0) || past.keepsFormer) return undefined;
  return egress
    ? { ...base, kind: 'forget', reason: 'what recorded before is given up', keepDigest: egress.digest }
    : { ...base, kind: 'forget', reason: 'what leaves is recorded no more: no rule asks about connections' };
}

/** The timeouts are of the host: the step is that of the first interface on which what leaves is recorded. */
export function planRetiming(
  differences: readonly Difference[],
  { egress, observed: { connections } }: Pick<PlanContext, 'egress' | 'observed'>,
): RetimeStep | undefined {
  const first = firstRecording(differences, egress);
  const former = connections?.timeouts;
  if (!first || !egress || !former) return undefined;
  const { timeouts } = egress.connections;
  const changes = changedLives(former, timeouts);
  if (changes === '') return undefined;
  return {
    kind: 'retime',
    action: 'update',
    interface: first.interface,
    reason: `timeouts of connections on all interfaces: ${changes}`,
    gap: false,
    timeouts,
    former,
  };
}

/** Pins maps of the recorder again: the step is that of the first interface on which what leaves is recorded. */
export function planRepinning(
  differences: readonly Difference[],
  { egress, observed: { connections } }: Pick<PlanContext, 'egress' | 'observed'>,
): { step: RepinStep; difference: Difference } | undefined {
  const lost = connections?.lost;
  const difference = firstRecording(differences, egress);
  const running = difference?.owned && runningInstance(difference.owned);
  if (!lost || !difference || !running) return undefined;
  return {
    difference,
    step: {
      kind: 'repin',
      action: 'update',
      interface: difference.interface,
      reason: 'maps of connections lost their pins, and get them back',
      gap: false,
      digest: running.digest,
      maps: lost.map((map) => ({ ...map, ofHost: true })),
    },
  };
}

function firstRecording(
  differences: readonly Difference[],
  egress: WantedRecorder | undefined,
): Difference | undefined {
  return differences.find(
    ({ wanted, observed, owned }) =>
      wanted && observed && !owned?.trouble && egress && isRecording(owned, observed.ifindex, egress),
  );
}

function isRecording(
  owned: OwnedInterface | undefined,
  ifindex: number,
  { digest }: WantedRecorder,
): boolean {
  return owned?.egress?.some((one) => one.digest === digest && one.link.ifindex === ifindex) === true;
}

function reasonFor(
  owned: OwnedInterface | undefined,
  ifindex: number,
  { connections: { max, grace = GRACE } }: WantedRecorder,
  { connections }: ObservedState,
): string {
  const pinned = owned?.egress ?? [];
  if (pinned.length === 0) {
    const reason = 'what leaves is recorded, since rules ask about connections';
    return connections || grace === 0
      ? reason
      : `${reason}; for ${grace} s TCP in its middle counts as established`;
  }
  if (!pinned.some(({ link }) => link.ifindex === ifindex))
    return 'what leaves is recorded here again: the link that did is not on this interface';
  return connections && connections.max !== max
    ? `the tables of connections are made anew, for ${max} flows instead of ${connections.max}, with what they hold`
    : 'what leaves is recorded by the program of this release';
}
