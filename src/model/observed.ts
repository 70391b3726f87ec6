// What is there: the kernel's own answer, joined from bpftool, the interface list and the pins under our directory.
// Nothing in it is remembered from an earlier run.
import type { Named } from './altnames.js';
import type { Lives } from './connections.js';
import type { AttachMode } from './desired.js';
import type { MapShape } from './instance.js';
import type { KeptProgram } from './step.js';

/** One XDP program on an interface, from `bpftool net show`. */
export interface XdpAttachment {
  mode: AttachMode;
  programId: number;
  /** Kernel name of the program, at most 15 characters; '' when it has none. */
  programName: string;
  /** Id of the bpf_link that holds it; absent when it was attached through netlink (`ip link`, `bpftool net`). */
  linkId?: number;
}

/** One tc program on an interface. Never ours, always left alone. */
export interface TcProgram {
  /** As bpftool says it: `clsact/ingress`, `tcx/ingress`. */
  kind: string;
  name: string;
  programId: number;
}

/** Where packets begin for XDP: right with the IP header, or where a policy cannot read them, and why, as what is said of the interface. */
export type Framing = 'ip' | { unknown: string };

/** What decides, beside the program, how one is attached to a network device. */
export interface ObservedDevice {
  /** Bytes of the largest packet that may come in: the MTU, or that of the other end of a veth pair where it is larger. */
  largest: number;
  /**
   * The driver hands frames over in several buffers to programs that take them (`xdp.frags`). Asked where `largest` is more
   * than ONE_BUFFER; absent where the kernel does not tell.
   */
  frags?: boolean;
  /** Names of the interfaces right above it: its bridge or bond, VLANs that are made upon it. */
  above: string[];
}

/** Bytes: a packet of the standard MTU fits into one buffer of every driver. */
export const ONE_BUFFER = 1500;

/** Bytes: a larger one, with the room that XDP wants, does not fit into one page of 4096. */
export const ONE_PAGE = 3498;

export interface ObservedInterface extends Named {
  ifindex: number;
  /** Absent: with an Ethernet header. */
  framing?: Framing;
  /** Absent when it vanished meanwhile. */
  device?: ObservedDevice;
  xdp: XdpAttachment[];
  tc: TcProgram[];
}

/** A pinned map. `name` is that of the object file, which names the pin: the kernel's own is cut at 15 characters. */
export interface ObservedMap extends MapShape {
  name: string;
  id: number;
}

/** A map in use whose pin is gone. */
export interface LostMap {
  name: string;
  id: number;
}

/** One `<digest>/` under `interfaces/<ifname>/`. */
export interface ObservedInstance {
  digest: string;
  /** Absent when the program pin is missing: an instance whose making was interrupted. */
  programId?: number;
  maps: ObservedMap[];
  /** Maps of its program whose pins are gone; the names are the kernel's, at most 15 characters. */
  lost?: LostMap[];
  /** What a deep comparison found to be other than the digest says; looked for by `--deep` alone. */
  differs?: string;
}

/** A pinned link of ours. */
export interface ObservedLink {
  id: number;
  programId: number;
  /** 0 when the interface is gone. */
  ifindex: number;
}

/** A pinned link of ours with a recorder, the program that records what leaves; with id 0 a filter of clsact, whose program is pinned. */
interface ObservedEgress {
  /** Of its program. */
  digest: string;
  link: ObservedLink;
}

/** One directory under `interfaces/`. */
export interface OwnedInterface {
  name: string;
  link?: ObservedLink;
  instances: ObservedInstance[];
  /** The pinned counters of a policy, which outlive its instances. */
  counters?: ObservedMap;
  /** The pinned blocks of operators: policies here hold sources against them. Like the counters, they outlive instances. */
  blocks?: ObservedMap;
  /** The recorders here, one for each release that attached one; absent where there is none. */
  egress?: ObservedEgress[];
  /** Why what is pinned here cannot be read; then nothing else is known of it. */
  trouble?: { reason: string; hint: string | undefined };
  /** The program that was taken over here and is kept for giving back. */
  foreign?: KeptProgram;
}

export interface ObservedState {
  /** `/proc/sys/kernel/random/boot_id`. */
  boot: string;
  /** Inode of the network namespace: tells two interfaces with one ifindex apart. */
  netns: number;
  interfaces: ObservedInterface[];
  owned: OwnedInterface[];
  /** The tables of connections; absent where nothing is recorded. */
  connections?: ObservedConnections;
}

export interface ObservedConnections {
  /** Flows that there is room for. */
  max: number;
  /** Absent where an earlier release records. */
  timeouts?: Lives;
  /** Maps of the recorder that lost their pins, by the names of these; absent where there are none. */
  lost?: LostMap[];
}

/** The pinned instance whose program our link runs; `undefined` without a link, or when that program has lost its pin. */
export function runningInstance({ instances, link }: OwnedInterface): ObservedInstance | undefined {
  return link && instances.find(({ programId }) => programId === link.programId);
}

/** The number in the kernel of a map that all policies of a host share, from one that runs and has it. */
export function sharedMap(owned: readonly OwnedInterface[], name: string): number | undefined {
  const maps = owned.flatMap((one) => runningInstance(one)?.maps ?? []);
  return maps.find((map) => map.name === name)?.id;
}

/** The map that every policy has, and no other program beside counters: those stay when a program takes its place. */
export const TABLES = 'tables';

export function runsPolicy(owned: OwnedInterface): boolean {
  const { maps = [], lost = [] } = runningInstance(owned) ?? {};
  return owned.counters !== undefined && [...maps, ...lost].some(({ name }) => name === TABLES);
}

/** What an instance's map is called in which blocks count (bpf/blocks.h). */
const HITS = 'hits';

/** The map in which blocks of an interface count: its instances share one. Its number in the kernel. */
export function hitsMap(owned: OwnedInterface | undefined): number | undefined {
  if (!owned) return undefined;
  const running = runningInstance(owned);
  const all = running ? [running, ...owned.instances] : owned.instances;
  return all.flatMap(({ maps }) => maps).find(({ name }) => name === HITS)?.id;
}
