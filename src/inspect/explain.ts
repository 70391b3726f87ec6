// `xdpkeep explain`: asks the attached program about a packet, and evaluates the state files beside it. A question is not
// counted, logged or limited, and no packet is sent.
import { loadHost } from '../desired/load.js';
import { parsePacket } from '../desired/policy/packet-text.js';
import { wantedFor } from '../diff/diff.js';
import { linkStateOf } from '../diff/link-state.js';
import { DiskObjectStore, MemoryObjectStore } from '../disk/object-store.js';
import { readStoredBlocks, toBlock } from '../journal/blocks.js';
import { unexpired } from '../journal/expiry.js';
import { recordedPolicy } from '../journal/running.js';
import { hidesTags } from '../kernel/device.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { lookUpConnection, lookUpDatagram } from '../kernel/connections.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { openProgram } from '../kernel/pinned.js';
import { askPolicy, LONGEST_QUESTION } from '../kernel/ask-policy.js';
import type { Named } from '../model/altnames.js';
import { type Block, concerns, holdsNetwork } from '../model/blocks.js';
import type { ConnectionSource } from '../model/connections.js';
import { asksConnections, type HostPolicy } from '../model/desired.js';
import { EnvironmentError, JournalError, UsageError, XdpkeepError } from '../model/errors.js';
import { ifReadable } from '../disk/if-readable.js';
import type { Cidr } from '../addresses/cidr.js';
import type { ConnectionState } from '../model/policy.js';
import { connectionOf } from '../policy/connections/connections.js';
import type { ExplainedDecision, Explanation } from '../model/explain.js';
import { asksForTags, HIDDEN_TAGS, showTags } from '../model/hidden-tags.js';
import type { PacketDescription } from '../model/policy.js';
import {
  type ObservedInterface,
  type ObservedState,
  runningInstance,
  runsPolicy,
} from '../model/observed.js';
import { observe } from '../observe/observe.js';
import { describePacket } from '../policy/packet/describe.js';
import { explainRow } from '../policy/analysis/explain-row.js';
import { decideByReference } from '../policy/packet-tests.js';
import { buildPacket } from '../policy/packet/build-packet.js';
import { encodeRecords } from '../policy/compile/records.js';
import { questionInUse } from './conntrack.js';
import type { LookOptions } from '../model/pass-options.js';

/** Throws a UsageError for a bad packet, and for an interface that runs no policy of ours. */
export async function explain(name: string, packet: string, options: LookOptions): Promise<Explanation> {
  requireCapabilities();
  const described = parsePacket(packet);
  const frame = buildPacket(described);
  const observed = await observe({ bpffs: options.bpffs });
  const seen = observed.interfaces.find((one) => one.name === name);
  const running = findRunning(name, observed, options.dataDir);
  const now = Date.now();
  const inKernel = frame.length <= LONGEST_QUESTION;
  const found = described.connection
    ? { state: described.connection }
    : stateNow(frame, name, running.digest, options);
  const connection = found?.state;
  const row = inKernel
    ? ask(running, frame, described.connection)
    : decideByReference(running.firewall, now)(frame, connection);
  const circumstances = { now, ...(connection && { connection }) };
  const decision = explainRow(running.firewall, row, frame, circumstances);
  const block = row === '(blocked)' ? findBlock(name, described.source, options.dataDir) : undefined;
  return {
    apiVersion: 'xdpkeep/v1',
    kind: 'Explanation',
    interface: name,
    packet: describePacket(described),
    ...(found && asksConnections(running.firewall.policy) && { connection: found.state, ...sourceOf(found) }),
    ...caveatOf(seen, running, described),
    running: {
      ...decision,
      ...(block && { block }),
      programId: running.programId,
      digest: running.digest,
      decidedBy: inKernel ? 'kernel' : 'reference',
    },
    desired: await askDesired(seen ?? { name }, frame, circumstances, decision, options),
  };
}

/** A state, and where conntrack was asked as well, whose word it is. */
interface StateNow {
  state: ConnectionState;
  from?: ConnectionSource;
}

/** What the tables of this host, and conntrack where it is asked, say of it; `undefined` for a frame that is not IP. */
function stateNow(
  frame: Uint8Array,
  interface_: string,
  digest: string,
  { bpffs, dataDir }: LookOptions,
): StateNow | undefined {
  const paths = pinPathsOf(bpffs);
  using conntrack = questionInUse(dataDir);
  const found = connectionOf(frame, {
    connection: (flow) => lookUpConnection(paths, flow),
    datagram: (datagram) => lookUpDatagram(paths.maps(interface_, digest), datagram),
    ...(conntrack && { tracked: (flow) => conntrack.isTracked(Buffer.from(flow, 'latin1')) }),
  });
  if (!found) return undefined;
  return { state: found.state, ...(conntrack && { from: found.byConntrack ? 'conntrack' : 'tables' }) };
}

function sourceOf({ state, from }: StateNow): Pick<Explanation, 'connectionFrom'> {
  const isKnown = state === 'established' || state === 'related';
  return isKnown && from ? { connectionFrom: from } : {};
}

/** A tagged packet, or one that a policy asks for its tags, may reach XDP without them. */
function caveatOf(
  seen: ObservedInterface | undefined,
  { firewall }: Running,
  { vlan }: PacketDescription,
): Pick<Explanation, 'caveat'> {
  const isAbout = (vlan ?? []).length > 0 || asksForTags(firewall);
  return isAbout && seen && hidesTags(seen.ifindex)
    ? { caveat: `${HIDDEN_TAGS}: ${showTags(seen.name)}` }
    : {};
}

/** What really becomes of the packet. */
function effectOf({ action, audit }: ExplainedDecision): string {
  return audit && action !== 'pass' ? `pass (audit: ${action})` : action;
}

interface Running {
  programId: number;
  digest: string;
  firewall: HostPolicy;
}

function findRunning(name: string, observed: ObservedState, dataDir: string): Running {
  const instances = attachedInstances(observed);
  const found = instances.find((one) => one.name === name);
  const firewall = found && recordedPolicy(dataDir, found.digest);
  if (found && firewall) return { ...found, firewall };
  if (found?.counts === true) {
    throw new JournalError(`no generation knows the policy that runs on ${name}`, {
      hint: 'Run `xdpkeep reconcile`: it writes a generation of what the state files say.',
    });
  }
  const policies = instances.filter(({ digest }) => recordedPolicy(dataDir, digest));
  throw new UsageError(`interface ${name} runs no policy of ours`, {
    hint: `These do: ${policies.map((one) => one.name).join(', ') || 'none'}.`,
  });
}

interface AttachedInstance {
  name: string;
  programId: number;
  digest: string;
  /** It has the maps of a policy. */
  counts: boolean;
}

function attachedInstances({ interfaces, owned }: ObservedState): AttachedInstance[] {
  return owned.flatMap((one) => {
    const where = linkStateOf(
      interfaces.find(({ name }) => name === one.name),
      one,
    );
    if (where.kind !== 'attached') return [];
    const { programId } = where.link;
    const instance = runningInstance(one);
    if (!instance) return [];
    return [{ name: one.name, programId, digest: instance.digest, counts: runsPolicy(one) }];
  });
}

/** The row that decides. */
function ask(
  { programId, firewall }: Running,
  frame: Uint8Array,
  connection: ConnectionState | undefined,
): string {
  using program = openProgram(programId);
  if (!program) {
    throw new EnvironmentError('the attached program was replaced while it was asked', {
      hint: 'Ask again.',
    });
  }
  const { record } = askPolicy(program.number, frame, { blocks: true, ...(connection && { connection }) });
  const owner = encodeRecords(firewall.policy, firewall.protections.length).owners[record];
  if (owner) return owner.row;
  throw new JournalError(`the attached program decides by record ${record}, which its policy does not have`, {
    hint: 'Run `xdpkeep reconcile`, so that the program is one of this release.',
  });
}

/** The one that ends last of those that hold the source; `undefined` where the record does not say. */
function findBlock(name: string, source: Cidr | undefined, dataDir: string): Block | undefined {
  const blocks = source ? (ifReadable(() => readStoredBlocks(dataDir)) ?? []) : [];
  const holding = unexpired(blocks).filter(
    (one) => source && concerns(one, name) && holdsNetwork(one.network, source),
  );
  const last = holding.sort((x, y) => y.uptime - x.uptime)[0];
  return last && toBlock(last);
}

async function askDesired(
  one: Named,
  frame: Uint8Array,
  circumstances: { now: number; connection?: ConnectionState },
  running: ExplainedDecision,
  options: LookOptions,
): Promise<Explanation['desired']> {
  try {
    const store = new MemoryObjectStore(new DiskObjectStore(options.dataDir));
    const { desired } = await loadHost({ ...options.from, store });
    const wanted = wantedFor(desired, one);
    const { name } = one;
    if (!wanted) return { reason: `they want nothing on ${name}` };
    const { firewall, label } = wanted.program;
    if (!firewall) return { reason: `they want the program ${label} on ${name}, which is no policy` };
    const { now, connection } = circumstances;
    const row = decideByReference(firewall, now)(frame, connection);
    const decision = explainRow(firewall, row, frame, circumstances);
    return { ...decision, same: effectOf(decision) === effectOf(running) };
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
    return { reason: `they cannot be used: ${error.message}` };
  }
}
