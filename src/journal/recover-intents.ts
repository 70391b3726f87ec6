// Recovery: decides the outcome of each open intent of a run that was killed, from what the kernel runs now, and never from how far the
// run had recorded that it came. Pure: the caller appends the outcomes.
import type { ObservedLink, ObservedState, OwnedInterface } from '../model/observed.js';
import type { JournalEntry, JournalRecord } from '../model/record.js';
import type { AttachStep, EffectiveStep, ReattachStep, SwapStep } from '../model/step.js';

/** The note of an outcome begins with this when a later run found it. */
const RECOVERED = 'recovered: ';

export function isRecovered({ note }: JournalRecord): boolean {
  return note?.startsWith(RECOVERED) ?? false;
}

/** The outcome of each intent, in order; the note says how it is known. */
export function recoverOpenIntents(
  intents: readonly JournalRecord[],
  observed: ObservedState,
): JournalEntry[] {
  return intents.flatMap(({ seq, generation, step }) =>
    'interface' in step ? [{ generation, step, of: seq, ...outcome(step, observed) }] : [],
  );
}

type Outcome = Pick<JournalEntry, 'phase' | 'note'>;

function outcome(step: EffectiveStep, observed: ObservedState): Outcome {
  const owned = observed.owned.find(({ name }) => name === step.interface);
  switch (step.kind) {
    case 'attach':
    case 'swap':
    case 'reattach':
      return broughtIn(step, owned, observed);
    case 'detach':
      return owned?.link && (step.linkId === undefined || owned.link.id === step.linkId)
        ? undone(`link ${owned.link.id} is still there`)
        : done('the link is gone');
    case 'rename':
      return owned?.link?.id === step.linkId ? done('the pins moved') : undone('the pins did not move');
    case 'record':
      return owned?.egress?.some(({ digest }) => digest === step.digest) === true
        ? done('what leaves is recorded')
        : undone('what leaves is not recorded');
    case 'retime':
    case 'forget':
    case 'repin':
    case 'clean':
      return done('the next plan does what is left');
  }
}

type BringingIn = AttachStep | SwapStep | ReattachStep;

function broughtIn(step: BringingIn, owned: OwnedInterface | undefined, observed: ObservedState): Outcome {
  const { digest } = step.instance;
  const link = owned?.link;
  if (!link) return undone('no link of ours is there');
  const instance = owned.instances.find((one) => one.digest === digest);
  if (instance?.programId !== link.programId)
    return undone(`link ${link.id} does not run instance ${digest}`);
  if (!isOfStep(link, step, observed)) return undone(`link ${link.id} is older than this step`);
  return done(`link ${link.id} runs instance ${digest}`);
}

/** Was the link made by this step? An older one may run the same instance: before a change of mode, or on an interface made again. */
function isOfStep(link: ObservedLink, step: BringingIn, { interfaces }: ObservedState): boolean {
  if (step.kind === 'swap') return link.id === step.linkId;
  if (step.kind === 'reattach') return link.id !== step.linkId;
  if (!step.dropLink) return true;
  const here = interfaces.find(({ name }) => name === step.interface);
  return here?.xdp.some(({ linkId }) => linkId === link.id) ?? false;
}

function done(how: string): Outcome {
  return { phase: 'done', note: RECOVERED + how };
}

function undone(how: string): Outcome {
  return { phase: 'undone', note: RECOVERED + how };
}
