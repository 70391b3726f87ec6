// The effects that steps are made of. Each is one atomic change of the kernel, and each first looks whether it is
// still to be done: so a step can be run again from any point of it, and an inverse works from any point too.
import { join } from 'node:path';
import {
  attachedProgram,
  attachNetlink,
  createLink,
  detachLink,
  detachNetlink,
  NativeRefusedError,
  swapProgram,
} from '../kernel/attach.js';
import {
  exchange,
  isThere,
  listEntries,
  makeDirectory,
  remove,
  removeIfEmpty,
  rename,
  writeSymlink,
} from '../kernel/bpffs.js';
import { Fd } from '../kernel/fd.js';
import { zeroCounter } from '../kernel/counters.js';
import { BLOCKS, COUNTERS, LINK, type PinPaths, PINNED_SECTIONS, ROWS } from '../kernel/pin-paths.js';
import type { BpfObject } from '../kernel/object.js';
import {
  linkInfo,
  mapInfo,
  openLink,
  openMap,
  openPin,
  openProgram,
  pin,
  programId,
} from '../kernel/pinned.js';
import { SET_NAME } from '../kernel/sets.js';
import type { AttachMode } from '../model/desired.js';
import { KernelError } from '../model/errors.js';
import type { RowAssignment } from '../model/rows.js';
import type { Attachment, DetachStep, ForeignProgram, RepinnedMap } from '../model/step.js';
import type { Candidate } from '../prove/candidate.js';
import type { OpenSet } from '../prove/sets.js';
import { effect } from './failpoint.js';

/** Pins a loaded instance, its program last: an instance without a program pin is incomplete. */
export function pinInstance(pinPaths: PinPaths, name: string, digest: string, candidate: Candidate): void {
  const { object, rows, sets = [] } = candidate;
  effect('pin', () => {
    remove(pinPaths.instance(name, digest));
    makeDirectory(pinPaths.maps(name, digest));
    if (rows) keepRows(pinPaths, name, object, rows);
    sets.forEach((set, slot) => {
      keepSet(pinPaths, set);
      pin(set.map.number, pinPaths.map(name, digest, `set${slot}`));
    });
    for (const [section, map] of rows ? PINNED_SECTIONS : [])
      pin(object.mapFd(section), pinPaths.map(name, digest, map));
    for (const map of object.maps()) {
      const shared = rows && [BLOCKS, COUNTERS, SET_NAME].includes(map.name);
      if (!map.internal && map.made && !shared)
        pin(object.mapFd(map.name), pinPaths.map(name, digest, map.name));
    }
    pin(object.programFd(), pinPaths.program(name, digest));
  });
}

/** Beside the pin in the instance there is one by which the next instance finds it. */
function keepSet(pinPaths: PinPaths, { name, pin: content, map }: OpenSet): void {
  const path = pinPaths.set(name, content);
  makeDirectory(pinPaths.list(name));
  using there = openPin(path);
  if (there && mapInfo(there).id === mapInfo(map).id) return;
  remove(path); // not what its name says, or it would have been used
  pin(map.number, path);
}

/** New rows get their slot, emptied of what another row may have counted there; all others keep what they have. */
function keepRows(pinPaths: PinPaths, name: string, object: BpfObject, rows: RowAssignment): void {
  if (!rows.pinned) pin(object.mapFd(COUNTERS), pinPaths.counters(name));
  makeDirectory(pinPaths.rows(name));
  for (const { row, slot } of rows.added) {
    zeroCounter(object.mapFd(COUNTERS), slot);
    writeSymlink(join(pinPaths.rows(name), String(slot)), row);
  }
}

/** Pins a map that the running program uses. */
export function repin(pinPaths: PinPaths, name: string, digest: string, map: RepinnedMap): void {
  effect('pin', () => {
    using fd = requireOpen(openMap(map.id), `map ${map.id}`);
    makeDirectory(pinPaths.maps(name, digest));
    pin(
      fd.number,
      map.ofInterface ? pinPaths.ofInterface(name, map.name) : pinPaths.map(name, digest, map.name),
    );
  });
}

/**
 * Renames the pins of an interface, with those of a program that was taken over there. Where the other name has pins
 * as well, the two change names. The link moves last: until then the step is still to be done, and can be.
 */
export function movePins(pinPaths: PinPaths, from: string, to: string, linkId: number): void {
  effect('move', () => {
    using held = openPin(pinPaths.link(to));
    if (held && linkInfo(held).id === linkId) return;
    const move = isThere(pinPaths.interface(to)) ? exchange : rename;
    move(pinPaths.foreign(from), pinPaths.foreign(to));
    move(pinPaths.foreignMode(from), pinPaths.foreignMode(to));
    move(pinPaths.interface(from), pinPaths.interface(to));
  });
}

/**
 * Lets a link go and detaches its program. The kernel frees an unpinned link some time later, on a work queue, so the
 * detaching is asked for: when this returns, the interface is free.
 */
export function dropLink(pinPaths: PinPaths, name: string): void {
  effect('drop-link', () => {
    using held = openPin(pinPaths.link(name));
    remove(pinPaths.link(name));
    if (held) detachLink(held);
  });
}

/**
 * Attaches the pinned instance, in the first mode that works, and pins the link.
 * A crash between the two leaves nothing: the link dies with the process. `undefined` when it was there already.
 */
export function link(
  pinPaths: PinPaths,
  name: string,
  ifindex: number,
  modes: AttachMode[],
  digest: string,
): Attachment | undefined {
  return effect('link', () => {
    using program = requirePin(pinPaths.program(name, digest));
    using there = openPin(pinPaths.link(name));
    if (there && isOn(ifindex, program, there)) return undefined;
    const { link: made, ...attached } = createFirst(program, ifindex, modes);
    using held = made;
    makeDirectory(pinPaths.interface(name));
    pin(held.number, pinPaths.link(name));
    return attached;
  });
}

/** The link was never dropped: an inverse has nothing to bring back. */
function isOn(ifindex: number, program: Fd, held: Fd): boolean {
  const info = linkInfo(held);
  return info.ifindex === ifindex && info.programId === programId(program);
}

/** Only the driver's own refusal is a reason to fall back: a busy or vanished interface is not. */
function createFirst(program: Fd, ifindex: number, modes: AttachMode[]): Attachment & { link: Fd } {
  const [mode, ...others] = modes;
  if (mode === undefined) throw new Error('no mode to attach in');
  try {
    return { link: createLink(program, ifindex, mode), mode };
  } catch (error) {
    if (!(error instanceof NativeRefusedError) || others.length === 0) throw error;
    return { ...createFirst(program, ifindex, others), fellBackBecause: error.message };
  }
}

/** Compare-and-swap from the expected program, or from the program of the instance that is left. */
export function swap(
  pinPaths: PinPaths,
  name: string,
  digest: string,
  from: { programId: number | undefined; digest: string | undefined },
): void {
  effect('swap', () => {
    using held = requirePin(pinPaths.link(name));
    using program = requirePin(pinPaths.program(name, digest));
    if (linkInfo(held).programId === programId(program)) return;
    using expected =
      from.programId === undefined
        ? requirePin(pinPaths.program(name, from.digest ?? ''))
        : requireOpen(openProgram(from.programId), `program ${from.programId}`);
    swapProgram(held, program, expected);
  });
}

/** Pins a foreign program for giving back, then detaches it however it is held. */
export function takeOver(pinPaths: PinPaths, name: string, ifindex: number, foreign: ForeignProgram): void {
  effect('take-over', () => {
    using program = requireOpen(openProgram(foreign.programId), `the foreign program ${foreign.programId}`);
    keep(pinPaths, name, program, foreign.mode);
    if (foreign.linkId === undefined) {
      if (attachedProgram(ifindex, foreign.mode) !== 0) detachNetlink(ifindex, foreign.mode, program);
      return;
    }
    using held = requireOpen(openLink(foreign.linkId), `the foreign link ${foreign.linkId}`);
    detachLink(held);
  });
}

/** The pin may be all that holds the program: it is not made anew while it is the right one. */
function keep(pinPaths: PinPaths, name: string, program: Fd, mode: AttachMode): void {
  const path = pinPaths.foreign(name);
  using kept = openPin(path);
  if (!kept || programId(kept) !== programId(program)) {
    remove(path);
    makeDirectory(pinPaths.foreigners);
    pin(program.number, path);
  }
  writeSymlink(pinPaths.foreignMode(name), mode);
}

/** Attaches a taken-over program again, in the mode that it had. Its pin goes with `forget`. */
export function giveBack(
  pinPaths: PinPaths,
  name: string,
  ifindex: number,
  kept: NonNullable<DetachStep['giveBack']>,
): void {
  effect('give-back', () => {
    if (attachedProgram(ifindex, kept.mode) === kept.programId) return;
    if (kept.ifTaken && !isThere(pinPaths.foreign(name))) return;
    using program = requirePin(pinPaths.foreign(name));
    attachNetlink(ifindex, kept.mode, program);
  });
}

/** Removes every pin of the interface but its link and the instance to keep. */
export function clean(pinPaths: PinPaths, name: string, keep: string | undefined): void {
  effect('clean', () => {
    const directory = pinPaths.interface(name);
    for (const entry of listEntries(directory)) {
      const kept = [LINK, keep, ...(keep === undefined ? [] : [BLOCKS, COUNTERS, ROWS])];
      if (!kept.includes(entry.name)) remove(join(directory, entry.name));
    }
    removeEmpty(pinPaths, directory);
  });
}

/** Removes the one instance that a step brought in and that was undone. */
export function discard(pinPaths: PinPaths, name: string, digest: string): void {
  effect('clean', () => {
    remove(pinPaths.instance(name, digest));
    const left = listEntries(pinPaths.interface(name)).map((entry) => entry.name);
    if (left.every((entry) => [BLOCKS, COUNTERS, ROWS].includes(entry))) remove(pinPaths.interface(name));
    removeEmpty(pinPaths, pinPaths.interface(name));
  });
}

/** Drops the pin of a program that was given back. */
export function forget(pinPaths: PinPaths, name: string): void {
  remove(pinPaths.foreignMode(name));
  remove(pinPaths.foreign(name));
  removeEmpty(pinPaths, pinPaths.foreigners);
}

/** From the inside out: an empty tree of ours is residue. */
function removeEmpty(pinPaths: PinPaths, directory: string): void {
  removeIfEmpty(directory);
  if (removeIfEmpty(pinPaths.interfaces)) removeIfEmpty(pinPaths.root);
}

function requirePin(path: string): Fd {
  return requireOpen(openPin(path), path);
}

function requireOpen(fd: Fd | undefined, what: string): Fd {
  if (fd) return fd;
  throw new KernelError(`open ${what}`, 2, 'ENOENT', 'it vanished while the plan was made', {
    hint: 'Run reconcile again: the next pass plans with what is there now.',
  });
}
