// What a plan changes for packets: the semantic diff of the old policy and the new one, per interface.
import { recordedPolicy } from '../journal/running.js';
import { shareSets } from '../disk/revive-sets.js';
import { type DesiredList, matchesOf } from '../model/desired.js';
import { ifReadable } from '../disk/if-readable.js';
import type { PacketEffects } from '../model/reconciliation.js';
import type { Plan, Step } from '../model/step.js';
import { reportPacketEffects } from '../policy/analysis/packet-effects.js';

/**
 * Interface -> what changes there, for every step that swaps one policy for another. `lists` are those of the current generation:
 * the report on lists reads them as well, and a long one is read once.
 */
export function packetEffectsOf(
  plan: Plan,
  dataDir: string,
  lists: readonly DesiredList[] = [],
): Map<string, PacketEffects> {
  return new Map(
    plan.steps.flatMap(({ step }) => {
      const report = effectOf(step, dataDir, lists);
      return report ? [[step.interface, report] as const] : [];
    }),
  );
}

/** `undefined` where a record or list is damaged: the report leaves the interface out, and the pass goes on. */
function effectOf(step: Step, dataDir: string, lists: readonly DesiredList[]): PacketEffects | undefined {
  if (step.kind !== 'swap' && step.kind !== 'reattach') return undefined;
  const { fromDigest } = step;
  const after = step.instance.program?.firewall;
  if (!after || fromDigest === undefined) return undefined;
  return ifReadable(() => {
    const before = recordedPolicy(dataDir, fromDigest);
    if (!before) return undefined;
    shareSets(
      matchesOf(before),
      lists.map(({ set }) => set),
    );
    return reportPacketEffects(before, after, Date.now());
  });
}
