// Decides why an interface no longer runs what was applied there (drift), and whether a pass heals it. A new desired state is not drift,
// and neither is what an operator ordered by name.
import { asksConnections, type DesiredInterface } from '../model/desired.js';
import type { Difference } from '../model/difference.js';
import {
  type DriftCause,
  FIGHT_SECONDS,
  type Installed,
  isByHand,
  MOST_HEALS,
  REST_SECONDS,
} from '../model/drift.js';
import { type ObservedInterface, runningInstance } from '../model/observed.js';
import type { ForgetStep, NoStep, RecordStep, Step } from '../model/step.js';
import type { DriftContext, PlanContext, WantedDifference } from './context.js';

/**
 * Adds the cause of the drift to the step. Returns a step without an effect instead where the Host file says `drift: warn`, and where
 * the same drift was healed too often: another program keeps changing the interface.
 */
export function considerDrift(step: Step, difference: WantedDifference, known: DriftContext): Step {
  return heal(step, causeOf(step, difference, known), difference, known);
}

/**
 * The same for the recorder. It is lost, and not only wanted now, where a program that asks about connections was applied on the host: none
 * is before the recorder is on every interface.
 */
export function considerLostRecorder(
  step: RecordStep | ForgetStep,
  difference: Difference,
  all: readonly Difference[],
  { past: { drift: known } }: Pick<PlanContext, 'past'>,
): Step {
  const { wanted, observed, owned } = difference;
  const installed = known.installed.get(difference.interface);
  if (step.kind !== 'record' || !wanted || !observed || !installed) return step;
  const wasThere = all.some(
    (one) => asks(one.wanted) && known.installed.get(one.interface)?.digest === one.wanted?.program.digest,
  );
  const isThere = owned?.egress?.some(({ link }) => link.ifindex === observed.ifindex) === true;
  const cause = isThere || !wasThere ? undefined : (causeOfLoss(installed, observed, known) ?? 'detached');
  return heal(step, cause, { ...difference, wanted, observed }, known);
}

function asks(wanted: DesiredInterface | undefined): boolean {
  return wanted?.program.firewall !== undefined && asksConnections(wanted.program.firewall.policy);
}

function heal(
  step: Step,
  cause: DriftCause | undefined,
  difference: WantedDifference,
  known: DriftContext,
): Step {
  if (cause === undefined) return step;
  const named = { ...step, drift: cause, reason: withCause(step, cause, difference) };
  if (named.kind === 'none' || known.insist || !isByHand(cause)) return named;
  if (difference.wanted.drift === 'warn') {
    return left(
      named,
      'Drifted',
      named.reason,
      '`drift: warn` leaves it so: `xdpkeep reconcile --retry` brings it back.',
    );
  }
  if (!known.stalled.has(driftKey(named) ?? '')) return named;
  const minutes = FIGHT_SECONDS / 60;
  return left(
    named,
    'Stalled',
    `healed ${MOST_HEALS} times within ${minutes} minutes, and again: ${named.reason}`,
    `Find out who does that, then run \`xdpkeep resume\`. Other state files end it too, and ${REST_SECONDS / 60} minutes of rest.`,
  );
}

/** Identifies the drift that a step heals; equal when the same drift occurs again. `undefined` when the step heals no drift. */
export function driftKey(step: Step): string | undefined {
  if (step.drift === undefined) return undefined;
  const maps = step.kind === 'repin' ? step.maps.map(({ name }) => name).sort() : [];
  const what = 'instance' in step ? step.instance.digest : maps;
  return JSON.stringify([step.interface, step.kind, step.drift, what]);
}

function causeOf(step: Step, difference: WantedDifference, known: DriftContext): DriftCause | undefined {
  const { wanted, observed, owned, linkState, foreign } = difference;
  const installed = known.installed.get(difference.interface);
  if (installed?.digest !== wanted.program.digest) return undefined;
  if (step.kind === 'repin') return 'pins';
  if (step.kind === 'swap') {
    if (owned && runningInstance(owned)?.differs !== undefined) return 'edited';
    const { digest } = installed;
    const isWhole = owned?.instances.some((one) => one.digest === digest && one.programId !== undefined);
    return isWhole === true ? 'replaced' : 'pins';
  }
  const refused = step.kind === 'none' && step.condition === 'Refused' && linkState.kind !== 'elsewhere';
  if (step.kind !== 'attach' && !refused) return undefined;
  return causeOfLoss(installed, observed, known) ?? (foreign.length > 0 ? 'replaced' : 'detached');
}

/** What happened by itself; `undefined` where somebody did it. */
function causeOfLoss(
  installed: Installed,
  { ifindex }: ObservedInterface,
  { boot }: DriftContext,
): DriftCause | undefined {
  if (installed.boot !== boot) return 'rebooted';
  return installed.ifindex === ifindex ? undefined : 're-created';
}

const WORDS: Record<DriftCause, string> = {
  detached: 'somebody detached it',
  replaced: 'somebody put it in the place of ours',
  pins: 'somebody changed the pins',
  edited: 'somebody edited it',
  're-created': 'the interface was deleted and made again',
  rebooted: 'the machine was rebooted',
};

function withCause(step: Step, cause: DriftCause, { linkState }: WantedDifference): string {
  if (cause === 're-created' && (linkState.kind !== 'none' || step.kind === 'record')) return step.reason; // the reason already says so
  // The kernel shows a detached link and one whose interface is gone in the same way.
  const gone = step.kind === 'record' ? 'what leaves is not recorded' : 'not attached';
  const reason = cause === 'detached' ? gone : step.reason;
  return `${reason}: ${WORDS[cause]}`;
}

function left(step: Step, condition: 'Drifted' | 'Stalled', reason: string, hint: string): NoStep {
  return {
    kind: 'none',
    action: 'none',
    interface: step.interface,
    ...('ifindex' in step && { ifindex: step.ifindex }),
    reason,
    gap: false,
    condition,
    hint,
    ...(step.drift && { drift: step.drift }),
  };
}
