// Decides why an interface no longer runs what was applied there (drift), and whether a pass heals it. A new desired state is not drift,
// and neither is what an operator ordered by name.
import { type DriftCause, FIGHT_SECONDS, isByHand, MOST_HEALS, REST_SECONDS } from '../model/drift.js';
import { runningInstance } from '../model/observed.js';
import type { NoStep, Step } from '../model/step.js';
import type { DriftContext, WantedDifference } from './context.js';

/**
 * Adds the cause of the drift to the step. Returns a step without an effect instead where the Host file says `drift: warn`, and where
 * the same drift was healed too often: another program keeps changing the interface.
 */
export function considerDrift(step: Step, difference: WantedDifference, known: DriftContext): Step {
  const cause = causeOf(step, difference, known);
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
  if (installed.boot !== known.boot) return 'rebooted';
  if (installed.ifindex !== observed.ifindex) return 're-created';
  return foreign.length > 0 ? 'replaced' : 'detached';
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
  if (cause === 're-created' && linkState.kind !== 'none') return step.reason; // the reason already says so
  // The kernel shows a detached link and one whose interface is gone in the same way.
  const reason = cause === 'detached' ? 'not attached' : step.reason;
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
