// Plans stacked interfaces. While an upper interface has a program, the kernel refuses one on an interface below it (a port of a bridge or
// bond, the parent of a VLAN). So lower interfaces are attached first. Where an upper one runs a program of ours already, the step lifts
// that link and puts it back, and its reason names the gap.
import type { DesiredInterface } from '../model/desired.js';
import type { Difference } from '../model/difference.js';
import type { ObservedInterface, XdpAttachment } from '../model/observed.js';
import type { AttachStep, DetachStep, LiftedLink, ReattachStep, Step } from '../model/step.js';
import { modesOf, refuse } from './attach.js';
import type { PlanContext } from './context.js';

type Attaching = AttachStep | ReattachStep | (DetachStep & { ifindex: number });

/** Orders the steps so that the kernel accepts each, and adds to each the links that it has to lift. */
export function considerStacks(
  steps: readonly Step[],
  differences: readonly Difference[],
  context: PlanContext,
): Step[] {
  const stacks = new Stacks(steps, differences, context.observed.interfaces);
  const able = steps.map((step) => (isAttaching(step) ? stacks.makeAble(step, context) : step));
  const rank = new Map(able.map((step) => [step, stacks.rankOf(step)]));
  return able.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
}

/** Detachments are among them: their inverse attaches. */
function isAttaching(step: Step): step is Attaching {
  return (
    step.kind === 'attach' ||
    step.kind === 'reattach' ||
    (step.kind === 'detach' && step.ifindex !== undefined)
  );
}

/** The programs above an interface that prevent an attachment to it. */
interface Above {
  /** Links of ours, lower ones first. */
  lifts: LiftedLink[];
  foreign?: { name: string; attachment: XdpAttachment };
}

class Stacks {
  readonly #steps: ReadonlyMap<string, Step>;
  readonly #differences: ReadonlyMap<string, Difference>;
  readonly #interfaces: ReadonlyMap<string, ObservedInterface>;
  readonly #below = new Map<string, string[]>();

  constructor(
    steps: readonly Step[],
    differences: readonly Difference[],
    interfaces: readonly ObservedInterface[],
  ) {
    this.#steps = new Map(steps.map((step) => [step.interface, step]));
    this.#differences = new Map(differences.map((one) => [one.interface, one]));
    this.#interfaces = new Map(interfaces.map((one) => [one.name, one]));
    for (const { name, device } of interfaces)
      for (const upper of device?.above ?? [])
        this.#below.set(upper, [...(this.#below.get(upper) ?? []), name]);
  }

  /** Lower interfaces first; but an interface with a foreign program is taken over before the steps that lift its link. */
  rankOf(step: Step): number {
    if ('lifts' in step) {
      const taken = step.lifts.filter(({ interface: name }) => this.#takesOver(name));
      if (taken.length > 0) return Math.max(...taken.map(({ interface: name }) => this.#depth(name))) + 0.5;
    }
    return this.#depth(step.interface);
  }

  #depth(name: string, seen: readonly string[] = []): number {
    const below = (this.#below.get(name) ?? []).filter((one) => !seen.includes(one));
    return below.reduce((most, one) => Math.max(most, this.#depth(one, [...seen, name]) + 1), 0);
  }

  makeAble(step: Attaching, { past }: PlanContext): Step {
    const { lifts, foreign } = this.#aboveOf(step.interface);
    const difference = this.#differences.get(step.interface);
    if (foreign && difference && step.kind !== 'detach') {
      const { programId, programName } = foreign.attachment;
      return refuse(
        difference,
        `${foreign.name} above it has the foreign program ${programId} (${programName || 'unnamed'}), below which the kernel lets nobody attach`,
        `Detach it, or name ${foreign.name} in the Host file with \`foreign: replace\`.`,
      );
    }
    if (lifts.length === 0) return step;
    if (step.kind === 'detach' && !step.giveBack) return { ...step, lifts };
    const names = lifts.map(({ interface: name }) => name).join(', ');
    const reason = `${step.reason}; gap on ${names} above it, whose ${lifts.length === 1 ? 'link is' : 'links are'} made anew`;
    const failed = past.failedLately.get(step.interface);
    if (failed?.step.kind === step.kind && step.kind !== 'detach') {
      return {
        kind: 'none',
        action: 'none',
        interface: step.interface,
        ifindex: step.ifindex,
        reason: `attaching below ${names} failed lately: ${failed.note ?? 'no reason was recorded'}`,
        gap: false,
        condition: 'Failed',
        hint: 'It would cost another gap, so it is tried again 10 minutes after it failed; `xdpkeep reconcile --retry` tries now.',
      };
    }
    return { ...step, reason, gap: true, lifts };
  }

  /** The interfaces above that have a program, and those above them. One without a program ends the search: it prevents nothing. */
  #aboveOf(name: string): Above {
    const found: LiftedLink[] = [];
    const seen = new Set<string>();
    let foreign: Above['foreign'];
    const visit = (one: string): void => {
      for (const upper of this.#interfaces.get(one)?.device?.above ?? []) {
        const interface_ = this.#interfaces.get(upper);
        if (!interface_ || interface_.xdp.length === 0 || seen.has(upper)) continue;
        seen.add(upper);
        visit(upper);
        const lifted = this.#lifted(upper, interface_);
        if ('interface' in lifted) found.unshift(lifted);
        else foreign = { name: upper, attachment: lifted };
      }
    };
    visit(name);
    return { lifts: found, ...(foreign && { foreign }) };
  }

  /** Our link on an interface, or the foreign program there. */
  #lifted(name: string, { ifindex, xdp }: ObservedInterface): LiftedLink | XdpAttachment {
    const difference = this.#differences.get(name);
    const ours = difference?.linkState.kind === 'attached' ? difference.linkState.attachment : undefined;
    const foreign = xdp.find((one) => one !== ours);
    const modes = (first: XdpAttachment): LiftedLink['modes'] => modesAgain(difference?.wanted, first);
    if (!foreign) return { interface: name, ifindex, modes: ours ? modes(ours) : [] };
    return this.#takesOver(name) ? { interface: name, ifindex, modes: modes(foreign) } : foreign;
  }

  #takesOver(name: string): boolean {
    const step = this.#steps.get(name);
    return step?.kind === 'attach' && step.takeOver !== undefined;
  }
}

/** The former mode first, then what `auto` allows: a bond cannot run natively any more once one of its ports has a program. */
function modesAgain(wanted: DesiredInterface | undefined, { mode }: XdpAttachment): LiftedLink['modes'] {
  const others = wanted?.mode === 'auto' ? modesOf('auto') : [];
  return mode === 'native' ? [mode, ...others.filter((one) => one !== mode)] : [mode];
}
