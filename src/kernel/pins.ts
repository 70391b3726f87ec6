// The kernel as the executor knows it: what lies behind our pins, what can be made of it, and what runs on an interface. A port,
// so that steps can be run on a kernel that is made up (test/fakes/kernel.ts); the one of a host is `pinsOf`. Directories and
// symbolic links are no part of it: those of any file system will do.
import type { BlockEntry } from '../model/blocks.js';
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

/** What is open, whoever closes it. */
type Open = Pick<Handle, 'number'>;

/** Where the functions of a host's kernel are, is said what each does, and which errors it throws. */
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
  createBlockMap(): Handle;
  fillBlockMap(map: Open, entries: readonly BlockEntry[], hits?: Open): void;
}

/** Our pins: where they lie, and the kernel that keeps what they hold. */
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
  createBlockMap,
  fillBlockMap,
};

/** Those of this host. */
export function pinsOf(bpffs: string): Pins {
  return { ...pinPathsOf(bpffs), objects: KERNEL };
}
