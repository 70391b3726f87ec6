// Detects a swap that the kernel would refuse at every pass: the link is native, packets come in several buffers (`xdp.frags`), the
// running program accepts those and the new one does not.
import { takesFrags } from '../diff/bind.js';
import { type ObservedInstance, ONE_PAGE } from '../model/observed.js';
import type { Step } from '../model/step.js';
import { modesOf, refuse } from './attach.js';
import { planInstance } from './carry.js';
import type { AttachedDifference, PlanContext } from './context.js';

/** Mode `auto` then changes to generic, with a gap; mode `native` is refused. `undefined` when the swap can be planned. */
export function planUnfit(
  difference: AttachedDifference,
  current: ObservedInstance | undefined,
  context: PlanContext,
): Step | undefined {
  const { wanted, observed, owned, linkState } = difference;
  const { link, attachment } = linkState;
  const { largest = 0 } = observed.device ?? {};
  const takes = (digest: string): boolean =>
    takesFrags(digest) || context.past.attaching.takesFrags.has(digest);
  if (attachment.mode !== 'native' || largest <= ONE_PAGE || !current) return undefined;
  if (!takes(current.digest) || takes(wanted.program.digest)) return undefined;
  const why = `${wanted.program.label} takes no frames in several buffers, in which packets of ${largest} bytes come`;
  if (wanted.mode !== 'auto') {
    return refuse(
      difference,
      `${why} in mode native`,
      'What runs keeps running. Put the program into the section `xdp.frags`, lower the MTU, or set `mode: auto`, which goes to generic with a gap.',
    );
  }
  return {
    kind: 'reattach',
    action: 'update',
    interface: difference.interface,
    ifindex: observed.ifindex,
    linkId: link.id,
    fromDigest: current.digest,
    reason: `program ${current.digest} -> ${wanted.program.digest}; ${why}: mode native -> generic, and a gap while the link is made anew`,
    gap: true,
    modes: modesOf(wanted.mode),
    fromMode: attachment.mode,
    instance: planInstance(wanted.program, owned, current, context),
  };
}
