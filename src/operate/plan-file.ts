// Two steps instead of one: `plan` writes down what a reconcile would do and what that was concluded from, `apply` does
// exactly that, or nothing. What is compared is not what has changed since but everything: the plan is made once more,
// under the lock, and has to come out the same.
import { resolve } from 'node:path';
import { MemoryObjectStore } from '../disk/object-store.js';
import { openIntents } from '../journal/intents.js';
import { readPlanFile, stalePlan, writePlanFile } from '../journal/plan-file.js';
import { readSoundJournal } from '../journal/read.js';
import { reviveState } from '../disk/revive-sets.js';
import { bootId } from '../kernel/boot.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { netnsInode } from '../kernel/interfaces.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { JournalError } from '../model/errors.js';
import { type DesiredState, setsOf } from '../model/desired.js';
import type { ObjectKind, ObjectStore } from '../model/object-store.js';
import { PLAN_FORMAT, type PlanFile } from '../model/plan-file.js';
import type { Reconciliation } from '../model/reconciliation.js';
import { NO_SAFEGUARDS } from '../model/safeguards.js';
import type { Plan } from '../model/step.js';
import { bareSteps, subjectsOf } from '../plan/subjects.js';
import type { ObservedState } from '../model/observed.js';
import type { ChangeOptions, ReconcileOptions } from '../model/pass-options.js';
import { asked, holdThatKeeps } from '../pass/inputs.js';
import { inputsFromPlanFile } from '../pass/inputs-from-plan-file.js';
import { inputsFromStateFiles } from '../pass/inputs-from-state-files.js';
import type { HostPaths } from '../model/host-paths.js';
import { viewHost, withHost } from '../pass/open-host.js';
import { converge } from '../pass/reconcile.js';
import { requireNoTrial } from '../trial/waiting.js';

/** A dry run whose plan is written to `file`. Nothing else is changed. */
export async function planToFile(
  options: Omit<ReconcileOptions, 'dryRun'>,
  file: string,
  release: string,
): Promise<Reconciliation> {
  requireCapabilities();
  requireNoTrial(options.dataDir, pinPathsOf(options.bpffs)); // its end is in the journal, and would make the plan stale
  const { records, torn, head } = readSoundJournal(options.dataDir);
  if (torn || openIntents(records).length > 0) {
    throw new JournalError('an interrupted run left steps without an outcome: no plan can be made', {
      hint: 'Run `xdpkeep reconcile`: it records their outcomes.',
    });
  }
  const inputs = await inputsFromStateFiles(viewHost(options), {
    ...options,
    dryRun: true,
  });
  const { target, safeties } = inputs;
  let seen: Pick<PlanFile, 'steps' | 'subjects' | 'boot' | 'netns'> | undefined;
  const planFile = {
    ask: (planned: Plan, found: ObservedState) => {
      const { boot, netns } = found;
      seen = { steps: bareSteps(planned), subjects: subjectsOf(planned, found), boot, netns };
    },
  };
  const result = await converge({ ...inputs, safeties: { ...safeties, planFile } });
  if (!seen) throw new Error('nothing was planned');
  const { desired, generation } = target;
  const { source } = generation;
  const hold = holdThatKeeps(safeties);
  writePlanFile(file, {
    format: PLAN_FORMAT,
    release,
    host: options.from.host,
    time: new Date().toISOString(),
    bpffs: resolve(options.bpffs),
    dataDir: resolve(options.dataDir),
    journal: { records: records.length, head },
    desired,
    ...(source && { source }),
    safeguards: asked(safeties.trial)?.safeguards ?? NO_SAFEGUARDS,
    ...(hold && { hold }),
    allowPrune: options.change.allowPrune ?? false,
    ...seen,
    ...pack(desired, inputs.place.store),
  });
  return result;
}

function pack(desired: DesiredState, store: ObjectStore): Pick<PlanFile, 'objects' | 'sets'> {
  const read = (names: string[], kind: ObjectKind) =>
    Object.fromEntries(
      [...new Set(names)].map((name) => [name, Buffer.from(store.get(name, kind)).toString('base64')]),
    );
  const sets = [
    ...(desired.lists ?? []).map(({ set }) => set),
    ...desired.interfaces.flatMap(({ program }) => setsOf(program.firewall)),
  ];
  return {
    objects: read(
      desired.interfaces.map(({ program }) => program.object),
      'o',
    ),
    sets: read(
      sets.filter(({ small }) => !small).map(({ digest }) => digest),
      'set',
    ),
  };
}

export interface ApplyOptions extends HostPaths {
  host: string;
  change: Pick<ChangeOptions, 'confirmWithin' | 'acceptLockout'>;
}

/**
 * Does what a plan file says, on trial like any other change. Throws a StalePlanError, and has changed nothing, when
 * anything is not as it was; a PendingError while another change waits.
 */
export async function applyPlan(
  options: ApplyOptions,
  file: string,
  release: string,
): Promise<Reconciliation> {
  requireCapabilities();
  const plan = readPlanFile(file);
  requireSamePlace(plan, options, release);
  const { dataDir } = options;
  return withHost(options, async (host) => {
    requireNoTrial(dataDir, host.pins);
    requireSameJournal(plan);
    // Everything is asked before anything is done: what this finds stale has changed nothing.
    const store = unpack(plan, new MemoryObjectStore(host.store));
    await converge(inputsFromPlanFile({ ...host, store, lock: undefined }, plan, options.change));
    unpack(plan, host.store);
    return converge(inputsFromPlanFile(host, plan, options.change));
  });
}

/** Its hash names each: what is put in under another name is not what the plan was made with. */
function unpack({ objects, sets, desired }: PlanFile, store: ObjectStore): ObjectStore {
  for (const [packed, kind] of [
    [objects, 'o'],
    [sets, 'set'],
  ] as const) {
    for (const [name, bytes] of Object.entries(packed)) {
      if (store.put(Buffer.from(bytes, 'base64'), kind) !== name)
        throw stalePlan(`the object ${name} of the plan is damaged`);
    }
  }
  reviveState(desired, store);
  return store;
}

function requireSamePlace(plan: PlanFile, paths: HostPaths & { host: string }, release: string): void {
  const facts: [what: string, then: string | number, now: string | number][] = [
    ['release', plan.release, release],
    ['host', plan.host, paths.host],
    ['boot', plan.boot, bootId()],
    ['network namespace', plan.netns, netnsInode()],
    ['bpffs', plan.bpffs, resolve(paths.bpffs)],
    ['data directory', plan.dataDir, resolve(paths.dataDir)],
  ];
  for (const [what, then, now] of facts) {
    if (then !== now) throw stalePlan(`the plan is for another ${what}: ${then}, and this is ${now}`);
  }
}

function requireSameJournal({ journal, dataDir }: PlanFile): void {
  const { records, head, torn } = readSoundJournal(dataDir);
  if (records.length === journal.records && head === journal.head && !torn) return;
  throw stalePlan(
    `the plan is stale: the journal has ${records.length} records, and had ${journal.records}; \`xdpkeep journal show\` says what was done since`,
  );
}
