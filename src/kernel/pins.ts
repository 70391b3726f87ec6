// The executor's port to the kernel: open, pin, attach and swap. `pinsOf` is the adapter for the kernel of this host; unit tests run the
// same steps on a fake kernel (test/fakes/kernel.ts). Directories and symbolic links are not part of the port: any file system has
// them.
import type { BlockEntry } from '../model/blocks.js';
import type { ConnectionTable, Lives } from '../model/connections.js';
import type { AttachMode } from '../model/desired.js';
import type { MapShape } from '../model/instance.js';
import {
  attachedProgram,
  attachNetlink,
  createLink,
  detachLink,
  detachNetlink,
  swapProgram,
} from './attach.js';
import { createBlockMap, fillBlockMap } from './blocks.js';
import { zeroCounter } from './counters.js';
import { seedConnections } from './connection-seeds.js';
import { carryConnections, openGrace, readLives, writeLives } from './connection-tables.js';
import { attachEgress, detachEgress, egressInfo, type EgressPlace } from './egress.js';
import { type PinPaths, pinPathsOf } from './pin-paths.js';
import {
  kindOf,
  type LinkInfo,
  linkInfo,
  mapInfo,
  type ObjectKind,
  openLink,
  openMap,
  openPin,
  openProgram,
  pin,
  programId,
} from './pinned.js';

/** An open program, map or link, until it is disposed of. */
export interface Handle extends Disposable {
  /** The file descriptor. */
  readonly number: number;
}

/** An open object that the callee does not close. */
type Open = Pick<Handle, 'number'>;

/** The functions of the same names in attach.ts, blocks.ts, counters.ts and pinned.ts say what each does and throws. */
export interface BpfObjects {
  openPin(path: string): Handle | undefined;
  openProgram(id: number): Handle | undefined;
  openMap(id: number): Handle | undefined;
  openLink(id: number): Handle | undefined;
  pin(fd: number, path: string): void;
  kindOf(object: Open): ObjectKind;
  programId(program: Open): number;
  mapInfo(map: Open): MapShape & { id: number };
  linkInfo(link: Open): LinkInfo;
  createLink(program: Open, ifindex: number, mode: AttachMode): Handle;
  swapProgram(link: Open, program: Open, expected: Open): void;
  detachLink(link: Open): void;
  attachedProgram(ifindex: number, mode: AttachMode): number;
  attachNetlink(ifindex: number, mode: AttachMode, program: Open): void;
  detachNetlink(ifindex: number, mode: AttachMode, expected: Open): void;
  zeroCounter(counters: number, slot: number): void;
  attachEgress(program: Open, ifindex: number, path: string, digest: string): void;
  egressInfo(pinned: Open, place: EgressPlace): LinkInfo;
  detachEgress(pinned: Open, place: EgressPlace): void;
  seedConnections(tables: Record<ConnectionTable, Open>, lives: Lives): void;
  carryConnections(from: Open, to: Open): void;
  readLives(map: Open): Lives;
  writeLives(map: Open, lives: Lives): void;
  openGrace(map: Open, seconds: number): void;
  createBlockMap(): Handle;
  fillBlockMap(map: Open, entries: readonly BlockEntry[], hits?: Open): void;
}

/** Our pins: their paths, and the kernel that holds the pinned objects. */
export interface Pins extends PinPaths {
  readonly objects: BpfObjects;
}

const KERNEL: BpfObjects = {
  openPin,
  openProgram,
  openMap,
  openLink,
  pin,
  kindOf,
  programId,
  mapInfo,
  linkInfo,
  createLink,
  swapProgram,
  detachLink,
  attachedProgram,
  attachNetlink,
  detachNetlink,
  zeroCounter,
  attachEgress,
  egressInfo,
  detachEgress,
  seedConnections,
  carryConnections,
  readLives,
  writeLives,
  openGrace,
  createBlockMap,
  fillBlockMap,
};

/** The pins of this host below one bpffs mount. */
export function pinsOf(bpffs: string): Pins {
  return { ...pinPathsOf(bpffs), objects: KERNEL };
}
