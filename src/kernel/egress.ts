// The program that records what leaves (bpf/egress.bpf.c): how it is loaded, and attached by a TCX link (Linux 6.6), beside whatever else is
// attached there. Sources: enum bpf_attach_type in uapi/linux/bpf.h, kernel/bpf/tcx.c.
import { CONNECTION_TABLES, type ConnectionTable } from '../model/connections.js';
import { EnvironmentError } from '../model/errors.js';
import { Fd } from './fd.js';
import { checked, libbpf } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { type BpfObject, loadObject } from './object.js';
import type { Open } from './pinned.js';

const BPF_TCX_EGRESS = 47;
const ENODEV = 19;
const BPF_MAP_TYPE_LRU_HASH = 9;
/** struct flow and struct connection (bpf/flow.h, bpf/connections.h). */
export const FLOW_BYTES = 40;
export const CONNECTION_BYTES = 16;
const NO_INTERFACE = 0;

export type ConnectionMaps = Record<ConnectionTable, Open>;

/** An empty table. */
export function createConnectionTable(table: ConnectionTable, entries: number): Fd {
  const { create } = mapCalls();
  const call = `create map ${table}`;
  return new Fd(
    checked(call, create(BPF_MAP_TYPE_LRU_HASH, table, FLOW_BYTES, CONNECTION_BYTES, entries, null)),
  );
}

/** Throws an EnvironmentError on a kernel where it cannot be attached. */
export function loadEgress(bytes: Uint8Array, function_: string, tables: ConnectionMaps): BpfObject {
  const object = loadObject(bytes, function_, (one) => {
    for (const table of CONNECTION_TABLES) one.reuseMap(table, tables[table]);
  });
  // No interface has this number: a kernel that knows the attach type says so, another one knows nothing of it (EINVAL).
  if (libbpf().linkCreate(object.programFd(), NO_INTERFACE, BPF_TCX_EGRESS, null) === -ENODEV) return object;
  object[Symbol.dispose]();
  throw new EnvironmentError('this kernel cannot record what leaves an interface: it has no TCX links', {
    hint: 'Rules with `connection` need Linux 6.6 or later. Nothing was changed.',
  });
}

/** It stays while the returned link, or a pin of it, lives. */
export function createEgressLink(program: Open, ifindex: number): Fd {
  const call = `record what leaves interface ${ifindex}`;
  return new Fd(checked(call, libbpf().linkCreate(program.number, ifindex, BPF_TCX_EGRESS, null)));
}
