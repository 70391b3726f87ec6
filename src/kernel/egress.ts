// The program that records what leaves (bpf/egress.bpf.c): how it is loaded, and attached beside whatever else is
// attached there: by a TCX link (Linux 6.6), else as a filter of clsact. Source: kernel/bpf/tcx.c.
import { type ConnectionTable, FLOW_TABLES, RECORDED, type SharedTable } from '../model/connections.js';
import { detachLink } from './attach.js';
import { attachFilter, detachFilter, runsFilter } from './clsact.js';
import { BPF_TCX_EGRESS, hasTcxLinks } from './features.js';
import { Fd } from './fd.js';
import { checked, libbpf } from './ffi.js';
import { listInterfaces } from './interfaces.js';
import { type BpfObject, loadObject } from './object.js';
import { LIVES_SECTION } from './pin-paths.js';
import { kindOf, type LinkInfo, linkInfo, type Open, pin, programId } from './pinned.js';

/** What the policies of a host share; what leaves is written into the first three. */
export type ConnectionMaps = Record<SharedTable, Open>;
type FlowMaps = Pick<ConnectionMaps, ConnectionTable>;
/** What the program works on: the tables, and the count of what it has written into them. */
type RecorderMaps = FlowMaps & Record<typeof RECORDED, Open>;

/** `lives`: the map of timeouts; absent for a new one. */
export function loadEgress(
  bytes: Uint8Array,
  function_: string,
  maps: RecorderMaps,
  lives: Open | undefined,
): BpfObject {
  return loadObject(bytes, function_, (one) => {
    for (const map of [...FLOW_TABLES, RECORDED] as const) one.reuseMap(map, maps[map]);
    if (lives) one.reuseMap(LIVES_SECTION, lives);
  });
}

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
  if (hasTcxLinks()) {
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
