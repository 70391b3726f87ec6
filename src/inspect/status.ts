// `xdpkeep status`: what runs beside what is desired. Reads only, takes no lock, and works with broken state files too: it
// then compares with the generation that was applied last.
import { loadHost } from '../desired/load.js';
import { rebuildPolicies } from '../desired/programs/policy-program.js';
import { DiskObjectStore, MemoryObjectStore } from '../disk/object-store.js';
import { diff, wantedFor } from '../diff/diff.js';
import { findRenames, withRename } from '../diff/renames.js';
import { wantedRecorder } from '../pass/recorder.js';
import { warnOfHiddenTags } from '../pass/hidden-tags.js';
import { MACHINE } from '../pass/machine.js';
import { driftContext } from '../pass/drift-context.js';
import { pastAttachments } from '../pass/past-attachments.js';
import { hasBlocks, readBlocks } from '../journal/blocks.js';
import { newestGeneration } from '../journal/generation-list.js';
import { confirmedGeneration, appliedStateOf } from '../journal/confirmed.js';
import { currentIfReadable } from '../journal/generations.js';
import { lastChanges, lastAdoption } from '../journal/since.js';
import { generationState } from '../journal/generation-state.js';
import { readHold } from '../journal/hold.js';
import { lastFailures } from '../journal/intents.js';
import { readJournal } from '../journal/read.js';
import { readSuspensions } from '../journal/suspensions.js';
import { readTrial } from '../journal/undo-record.js';
import { bootedAt, monotonicNow } from '../kernel/boot.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { pinPathsOf, type PinPaths } from '../kernel/pin-paths.js';
import { pinsOf } from '../kernel/pins.js';
import { warnOfConntrack } from '../pass/conntrack.js';
import { connectionsStatus } from '../pass/count-connections.js';
import { readTotals } from '../pass/totals.js';
import { waitForDetachingLinks } from '../pass/wait-for-detaching-links.js';
import { MOST_BLOCKS } from '../model/blocks.js';
import { type DesiredState, emptyState } from '../model/desired.js';
import { diagnosticLine } from '../model/diagnostic.js';
import { XdpkeepError } from '../model/errors.js';
import { type ObservedInterface, type ObservedState, runsPolicy } from '../model/observed.js';
import { reportPending } from '../model/pending.js';
import type { AppliedState } from '../model/history.js';
import type { ReportedInterface } from '../model/reconciliation.js';
import type { InterfaceStatus, OtherInterface, Status } from '../model/status.js';
import { observe } from '../observe/observe.js';
import { conditions } from '../plan/conditions.js';
import { formerFailures } from '../plan/former-failures.js';
import { hostConditions } from '../plan/host-conditions.js';
import { plan } from '../plan/plan.js';
import { pressureWarnings } from '../policy/connections/pressure.js';
import type { LookOptions } from '../model/pass-options.js';
import type { HostPaths } from '../model/host-paths.js';
import { revisionOf } from '../source/adoption.js';
import { readRefusal } from '../source/refusal.js';
import { conntrackInUse } from './conntrack.js';
import { attachedAt, RunningPrograms } from './running-programs.js';

/** `seen` stands in for a look. */
export async function status(options: LookOptions, seen?: ObservedState): Promise<Status> {
  requireCapabilities();
  const journal = readJournal(options.dataDir);
  const again = () => observe({ bpffs: options.bpffs });
  const pins = pinsOf(options.bpffs);
  const place = { dataDir: options.dataDir, pins, observe: again };
  const found = await waitForDetachingLinks(seen ?? (await again()), place, journal.records);
  const warnings: string[] = [];
  const store = new MemoryObjectStore(new DiskObjectStore(options.dataDir));
  const desired = await wanted(options, store, warnings);
  const pending = orWarning(() => readTrial(options.dataDir, pins)?.pending, warnings);
  const waiting = pending && reportPending(pending, monotonicNow());
  if (journal.damage)
    warnings.push(`the journal is damaged: line ${journal.damage.line}: ${journal.damage.reason}`);
  const blocks =
    orWarning(() => (hasBlocks(options.dataDir) ? readBlocks(options.dataDir) : []), warnings) ?? [];
  const asked = blocks.length === 0 ? found : await withBlocks(options, desired, found);
  const observed = findRenames(desired, asked).reduce(withRename, asked);
  const differences = diff(desired, observed);
  const egress = wantedRecorder(desired);
  const planned = plan(desired, differences, {
    observed,
    definitions: new Map(),
    past: {
      ...pastAttachments(
        { ...options, machine: MACHINE, store },
        { observed, differences },
        journal.records,
        false,
      ),
      drift: driftContext({ desired, dataDir: options.dataDir }, journal.records, {
        boot: observed.boot,
        insist: false,
      }),
      failedLately: new Map(),
      keepsFormer: pending?.phase === 'waiting',
    },
    ...(egress && { egress }),
  });
  const hold = orWarning(() => readHold(options.dataDir), warnings);
  const revision = orWarning(() => revisionOf(options.from.stateDir, options.dataDir), warnings);
  const refusal = revision && orWarning(() => readRefusal(options.dataDir), warnings);
  const suspensions = readSuspensions(options.dataDir);
  const changes = lastChanges(journal.records);
  const look = {
    desired,
    observed,
    paths: pinPathsOf(options.bpffs),
    programs: new RunningPrograms(options.dataDir),
  };
  const failed = lastFailures(journal.records, observed.boot);
  const rows = conditions(planned, observed, formerFailures(planned.steps, failed)).map((row) => {
    const changed = changes.get(row.name);
    return withPrograms({ ...row, ...(changed !== undefined && { changed }) }, look);
  });
  const adopted = revision && lastAdoption(journal.records, revision.commit);
  const applied = appliedState(options.dataDir, failed);
  const confirmed = orWarning(
    () => confirmedGeneration(options.dataDir, journal.records, pending?.previous),
    warnings,
  );
  const counted = orWarning(() => connectionsStatus(look.paths, observed.owned), warnings);
  const conntrack = counted && orWarning(() => conntrackInUse(options.dataDir), warnings);
  const connections = counted && { ...counted, ...(conntrack && { conntrack }) };
  return {
    apiVersion: 'xdpkeep/v1',
    kind: 'Status',
    host: desired.host,
    time: new Date().toISOString(),
    generation: newestGeneration(options.dataDir),
    conditions: hostConditions({
      rows,
      booted: bootedAt(),
      hold,
      pending: waiting,
      suspensions,
      source: revision && { revision, adopted, refusal },
    }),
    ...(hold && { hold }),
    ...(revision && { revision }),
    ...(applied && { applied }),
    ...(confirmed && { confirmed }),
    ...(waiting && { pending: waiting }),
    ...(suspensions.length > 0 && { suspensions }),
    ...(blocks.length > 0 && { blocks: { count: blocks.length, most: MOST_BLOCKS } }),
    ...(connections && { connections }),
    interfaces: rows,
    others: observed.interfaces
      .filter(({ name, xdp, tc }) => xdp.length + tc.length > 0 && !rows.some((row) => row.name === name))
      .map((other) => withPins(other, observed)),
    warnings: [
      ...warnings,
      ...planned.warnings,
      ...warnOfHiddenTags(differences, MACHINE),
      ...pressureWarnings(connections?.tables ?? []),
      ...warnOfConntrack(conntrack),
    ],
  };
}

/** The newest generation, with where it could not be brought into effect. */
function appliedState(dataDir: string, failures: ReturnType<typeof lastFailures>): AppliedState | undefined {
  const current = currentIfReadable(dataDir);
  if (!current) return undefined;
  const failed = [...failures].filter(([, { generation, phase }]) => {
    return generation === current.number && phase === 'failed';
  });
  const names = failed.map(([name]) => name).sort();
  return { ...appliedStateOf(current), ...(names.length > 0 && { failed: names }) };
}

/** What a pass would find: an interface that is new gets its blocks. */
async function withBlocks(
  { bpffs, dataDir }: HostPaths,
  desired: DesiredState,
  found: ObservedState,
): Promise<ObservedState> {
  const { bringBlocks } = await import('../pass/block-maps.js');
  const place = { dataDir, pins: pinsOf(bpffs), lock: undefined };
  return bringBlocks(place, undefined, { desired, interfaces: 'all' }, found).observed;
}

async function wanted(
  options: LookOptions,
  store: MemoryObjectStore,
  warnings: string[],
): Promise<DesiredState> {
  const { host } = options.from;
  const hold = orWarning(() => readHold(options.dataDir), []);
  try {
    const loaded = await loadHost({ ...options.from, store });
    warnings.push(...loaded.warnings.map(diagnosticLine));
    if (!hold?.digests.includes(loaded.desired.written)) return loaded.desired;
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
    warnings.push(`the state files cannot be used, so the last generation is shown: ${error.message}`);
  }
  try {
    const number = hold?.generation ?? newestGeneration(options.dataDir);
    return rebuildPolicies(generationState(options.dataDir, number, host), store);
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
    warnings.push(`the last generation cannot be read either: ${error.message}`);
    return emptyState(host);
  }
}

function orWarning<T>(read: () => T, warnings: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
    warnings.push(error.message);
    return undefined;
  }
}

interface Look {
  desired: DesiredState;
  observed: ObservedState;
  paths: PinPaths;
  programs: RunningPrograms;
}

function withPrograms(row: ReportedInterface, { desired, observed, paths, programs }: Look): InterfaceStatus {
  const { name, programId, linkId, digest } = row;
  const seen = observed.interfaces.find((one) => one.name === name);
  const owned = observed.owned.find((one) => one.name === name);
  const program = wantedFor(desired, seen ?? { name })?.program.label;
  const isPolicy = owned !== undefined && runsPolicy(owned);
  const running = programId === undefined ? undefined : programs.describe(programId, digest, isPolicy);
  const attached = programId === undefined ? undefined : attachedAt(paths, name);
  const find = (one: string) => programs.firewall(one);
  const packets = isPolicy && digest !== undefined ? readTotals(name, digest, paths, find) : undefined;
  const xdp = seen?.xdp ?? [];
  const recorder = owned?.egress?.find(({ link }) => link.ifindex === seen?.ifindex)?.link;
  return {
    ...row,
    ...(program !== undefined && { program }),
    ...(running && { running }),
    ...(attached !== undefined && { attached }),
    ...(packets && { packets }),
    ...(recorder && { egress: { programId: recorder.programId, linkId: recorder.id } }),
    xdp,
    foreign: xdp.filter((one) => one.programId !== programId || one.linkId !== linkId),
    tc: seen?.tc ?? [],
  };
}

/** A program of ours stays ours on an interface that was renamed under it. */
function withPins(other: ObservedInterface, { owned }: ObservedState): OtherInterface {
  const xdp = other.xdp.map((attachment) => {
    const pinned = owned.find(({ link }) => link !== undefined && link.id === attachment.linkId);
    return { ...attachment, ...(pinned && { pinnedFor: pinned.name }) };
  });
  const { name, ifindex, tc } = other;
  return { name, ifindex, xdp, tc };
}
