// The program that records what leaves (bpf/egress.bpf.c): how it is loaded, and attached beside whatever else is
// attached there: by a TCX link (Linux 6.6), else as a filter of clsact. Sources: enum bpf_attach_type in uapi/linux/bpf.h, kernel/bpf/tcx.c.
import {
  CONNECTION_TABLES,
  type ConnectionTable,
  LIVES,
  type Phase,
  PHASES,
  type SharedTable,
  tableOf,
} from '../model/connections.js';
import { PROTOCOLS } from '../model/names.js';
import { detachLink } from './attach.js';
import { attachFilter, detachFilter, runsFilter } from './clsact.js';
import { addConnection, CONNECTION_BYTES, FLOW_BYTES } from './connection-tables.js';
import { Fd } from './fd.js';
import { checked, libbpf } from './ffi.js';
import { listInterfaces } from './interfaces.js';
import { type BpfObject, loadObject } from './object.js';
import { LIVES_SECTION } from './pin-paths.js';
import { kindOf, type LinkInfo, linkInfo, type Open, pin, programId } from './pinned.js';
import { listOpenFlows } from './sockets.js';

const BPF_TCX_EGRESS = 47;
const ENODEV = 19;
const NO_INTERFACE = 0;

/** What the policies of a host share; what leaves is written into the first two. */
export type ConnectionMaps = Record<SharedTable, Open>;
type RecordedMaps = Pick<ConnectionMaps, ConnectionTable>;

/** `lives`: the map of timeouts; absent for a new one. */
export function loadEgress(
  bytes: Uint8Array,
  function_: string,
  tables: RecordedMaps,
  lives: Open | undefined,
): BpfObject {
  return loadObject(bytes, function_, (one) => {
    for (const table of CONNECTION_TABLES) one.reuseMap(table, tables[table]);
    if (lives) one.reuseMap(LIVES_SECTION, lives);
  });
}

/**
 * Writes down the flows whose sockets are open: what they receive was asked for before anybody recorded it. Those that are
 * known already stay as they are.
 */
export function seedConnections(tables: RecordedMaps): void {
  const seen = process.hrtime.bigint();
  for (const { protocol, local, remote, state } of listOpenFlows()) {
    const phase = protocol === 'tcp' ? PHASE_OF_STATE[state] : 'flowing';
    if (phase === undefined) continue;
    const life = protocol === 'tcp' ? LIVES.tcp[phase] : LIVES.udpAnswered;
    const flow = Buffer.alloc(FLOW_BYTES);
    flow.set(remote.address, 0);
    flow.set(local.address, 16);
    flow.writeUInt16BE(remote.port, 32);
    flow.writeUInt16BE(local.port, 34);
    flow.writeUInt8(local.address.length === 4 ? 4 : 6, 36);
    flow.writeUInt8(PROTOCOLS[protocol], 37);
    const connection = Buffer.alloc(CONNECTION_BYTES);
    connection.writeBigUInt64LE(seen, 0);
    connection.writeUInt32LE(life, 8);
    connection.writeUInt8(PHASES.indexOf(phase), 12);
    connection.writeUInt8(1, 13); // answered
    addConnection(tables[tableOf(flow.toString('latin1'))], flow, connection);
  }
}

/** enum in net/tcp_states.h; listening and closed sockets are of no flow. */
const PHASE_OF_STATE: Readonly<Record<number, Phase>> = {
  1: 'flowing', // ESTABLISHED
  2: 'opening', // SYN_SENT
  3: 'accepting', // SYN_RECV
  4: 'closing', // FIN_WAIT1
  5: 'closing', // FIN_WAIT2
  6: 'closing', // TIME_WAIT
  8: 'flowing', // CLOSE_WAIT
  9: 'closing', // LAST_ACK
  11: 'closing', // CLOSING
  12: 'accepting', // NEW_SYN_RECV
};

/** Digest: of the program; names its filter where the kernel has no TCX links. */
export interface EgressPlace {
  /** The interface. */
  name: string;
  digest: string;
}

/**
 * Attaches the program and pins at `path` what holds it: the link, or, where the kernel has none, the program itself. Such a pin comes before
 * the filter, so that no filter of ours is ever without one.
 */
export function attachEgress(program: Open, ifindex: number, path: string, digest: string): void {
  if (hasTcx(program)) {
    const call = `record what leaves interface ${ifindex}`;
    using link = new Fd(checked(call, libbpf().linkCreate(program.number, ifindex, BPF_TCX_EGRESS, null)));
    pin(link.number, path);
    return;
  }
  pin(program.number, path);
  attachFilter(program, ifindex, digest);
}

/** What is pinned there, a link or a program with its filter, as a link: one without an id. Its ifindex is 0 where it is not attached. */
export function egressInfo(pinned: Open, { name, digest }: EgressPlace): LinkInfo {
  if (kindOf(pinned) === 'link') return linkInfo(pinned);
  const ifindex = indexOf(name);
  const runs = ifindex !== undefined && runsFilter(pinned, ifindex, digest);
  return { id: 0, programId: programId(pinned), ifindex: runs ? ifindex : 0 };
}

/** Ends what is pinned there. The pin stays. */
export function detachEgress(pinned: Open, { name, digest }: EgressPlace): void {
  if (kindOf(pinned) === 'link') {
    detachLink(pinned);
    return;
  }
  const ifindex = indexOf(name);
  if (ifindex !== undefined) detachFilter(pinned, ifindex, digest);
}

function indexOf(wanted: string): number | undefined {
  return listInterfaces().find(({ name }) => name === wanted)?.ifindex;
}

/**
 * No interface has the number that is asked for: a kernel that knows the attach type says so, another one knows nothing of it (EINVAL). With
 * XDPKEEP_NO_TCX=1, which tests set, it is as if it knew nothing.
 */
function hasTcx(program: Open): boolean {
  if (process.env['XDPKEEP_NO_TCX'] === '1') return false;
  return libbpf().linkCreate(program.number, NO_INTERFACE, BPF_TCX_EGRESS, null) === -ENODEV;
}
