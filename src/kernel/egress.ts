// The program that records what leaves (bpf/egress.bpf.c): how it is loaded, and attached by a TCX link (Linux 6.6), beside whatever else is
// attached there. Sources: enum bpf_attach_type in uapi/linux/bpf.h, kernel/bpf/tcx.c.
import {
  CONNECTION_BYTES,
  CONNECTION_TABLES,
  type ConnectionTable,
  FLOW_BYTES,
  LIVES,
  type Phase,
  PHASES,
  type SharedTable,
  tableOf,
} from '../model/connections.js';
import { EnvironmentError } from '../model/errors.js';
import { PROTOCOLS } from '../model/names.js';
import { Fd } from './fd.js';
import { checked, libbpf } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { type BpfObject, loadObject } from './object.js';
import type { Open } from './pinned.js';
import { RECORDED } from './recorded.js';
import { listOpenFlows } from './sockets.js';

const BPF_TCX_EGRESS = 47;
const ENODEV = 19;
const BPF_MAP_TYPE_LRU_HASH = 9;
const NO_INTERFACE = 0;

/** What the policies of a host share; what leaves is written into the first two. */
export type ConnectionMaps = Record<SharedTable, Open>;
type FlowMaps = Pick<ConnectionMaps, ConnectionTable>;
/** What the program works on: the tables, and the count of what it has written into them. */
type RecorderMaps = FlowMaps & Record<typeof RECORDED, Open>;

/** An empty table. */
export function createConnectionTable(table: SharedTable, entries: number): Fd {
  const { create } = mapCalls();
  const call = `create map ${table}`;
  return new Fd(
    checked(call, create(BPF_MAP_TYPE_LRU_HASH, table, FLOW_BYTES, CONNECTION_BYTES, entries, null)),
  );
}

/** Throws an EnvironmentError on a kernel where it cannot be attached. */
export function loadEgress(bytes: Uint8Array, function_: string, maps: RecorderMaps): BpfObject {
  const object = loadObject(bytes, function_, (one) => {
    for (const map of [...CONNECTION_TABLES, RECORDED] as const) one.reuseMap(map, maps[map]);
  });
  // No interface has this number: a kernel that knows the attach type says so, another one knows nothing of it (EINVAL).
  if (libbpf().linkCreate(object.programFd(), NO_INTERFACE, BPF_TCX_EGRESS, null) === -ENODEV) return object;
  object[Symbol.dispose]();
  throw new EnvironmentError('this kernel cannot record what leaves an interface: it has no TCX links', {
    hint: 'Rules with `connection` need Linux 6.6 or later. Nothing was changed.',
  });
}

/**
 * Writes down the flows whose sockets are open: what they receive was asked for before anybody recorded it. Those that are
 * known already stay as they are.
 */
export function seedConnections(tables: FlowMaps): void {
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
    const table = tableOf(flow.toString('latin1'));
    const result = mapCalls().update(tables[table].number, flow, connection, BPF_NOEXIST);
    if (result !== -EEXIST) checked(`write map ${table}`, result);
  }
}

const BPF_NOEXIST = 1n;
const EEXIST = 17;
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

/** It stays while the returned link, or a pin of it, lives. */
export function createEgressLink(program: Open, ifindex: number): Fd {
  const call = `record what leaves interface ${ifindex}`;
  return new Fd(checked(call, libbpf().linkCreate(program.number, ifindex, BPF_TCX_EGRESS, null)));
}
