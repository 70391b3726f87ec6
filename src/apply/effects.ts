// The effects that steps are made of. Each is one atomic change of the kernel, and each first looks whether it is
// still to be done: so a step can be run again from any point of it, and an inverse works from any point too.
import { join } from 'node:path';
import { NativeRefusedError } from '../kernel/attach.js';
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
import { BLOCKS, COUNTERS, EGRESS, LINK, PINNED_SECTIONS, ROWS } from '../kernel/pin-paths.js';
import type { Handle, Pins } from '../kernel/pins.js';
import { SET_NAME } from '../kernel/sets.js';
import type { AttachMode } from '../model/desired.js';
import { KernelError } from '../model/errors.js';
import type { RowAssignment } from '../model/rows.js';
import type { Attachment, DetachStep, ForeignProgram, RepinnedMap } from '../model/step.js';
import type { Candidate, LoadedObject } from '../prove/candidate.js';
import type { OpenSet } from '../prove/sets.js';
import { effect } from './failpoint.js';
import { removeTables } from './record.js';

/** Pins a loaded instance, its program last: an instance without a program pin is incomplete. */
export function pinInstance(pins: Pins, name: string, digest: string, candidate: Candidate): void {
  const { object, rows, sets = [] } = candidate;
  effect('pin', () => {
    remove(pins.instance(name, digest));
    makeDirectory(pins.maps(name, digest));
    if (rows) keepRows(pins, name, object, rows);
    sets.forEach((set, slot) => {
      keepSet(pins, set);
      pins.objects.pin(set.map.number, pins.map(name, digest, `set${slot}`));
    });
    for (const [section, map] of rows ? PINNED_SECTIONS : [])
      pins.objects.pin(object.mapFd(section), pins.map(name, digest, map));
    for (const map of object.maps()) {
      const shared = rows && [BLOCKS, COUNTERS, SET_NAME].includes(map.name);
      if (!map.internal && map.made && !shared)
        pins.objects.pin(object.mapFd(map.name), pins.map(name, digest, map.name));
    }
    pins.objects.pin(object.programFd(), pins.program(name, digest));
  });
}

/** Beside the pin in the instance there is one by which the next instance finds it. */
function keepSet(pins: Pins, { name, pin: content, map }: OpenSet): void {
  const path = pins.set(name, content);
  makeDirectory(pins.list(name));
  using there = pins.objects.openPin(path);
  if (there && pins.objects.mapInfo(there).id === pins.objects.mapInfo(map).id) return;
  remove(path); // not what its name says, or it would have been used
  pins.objects.pin(map.number, path);
}

/** New rows get their slot, emptied of what another row may have counted there; all others keep what they have. */
function keepRows(pins: Pins, name: string, object: LoadedObject, rows: RowAssignment): void {
  if (!rows.pinned) pins.objects.pin(object.mapFd(COUNTERS), pins.counters(name));
  makeDirectory(pins.rows(name));
  for (const { row, slot } of rows.added) {
    pins.objects.zeroCounter(object.mapFd(COUNTERS), slot);
    writeSymlink(join(pins.rows(name), String(slot)), row);
  }
}

/** Pins a map that the running program uses. */
export function repin(pins: Pins, name: string, digest: string, map: RepinnedMap): void {
  effect('pin', () => {
    using fd = requireOpen(pins.objects.openMap(map.id), `map ${map.id}`);
    makeDirectory(pins.maps(name, digest));
    pins.objects.pin(
      fd.number,
      map.ofInterface ? pins.ofInterface(name, map.name) : pins.map(name, digest, map.name),
    );
  });
}

/**
 * Renames the pins of an interface, with those of a program that was taken over there. Where the other name has pins
 * as well, the two change names. The link moves last: until then the step is still to be done, and can be.
 */
export function movePins(pins: Pins, from: string, to: string, linkId: number): void {
  effect('move', () => {
    using held = pins.objects.openPin(pins.link(to));
    if (held && pins.objects.linkInfo(held).id === linkId) return;
    const move = isThere(pins.interface(to)) ? exchange : rename;
    move(pins.foreign(from), pins.foreign(to));
    move(pins.foreignMode(from), pins.foreignMode(to));
    move(pins.interface(from), pins.interface(to));
  });
}

/**
 * Lets a link go and detaches its program. The kernel frees an unpinned link some time later, on a work queue, so the
 * detaching is asked for: when this returns, the interface is free.
 */
export function dropLink(pins: Pins, name: string): void {
  effect('drop-link', () => {
    using held = pins.objects.openPin(pins.link(name));
    remove(pins.link(name));
    if (held) pins.objects.detachLink(held);
  });
}

/**
 * Attaches the pinned instance, in the first mode that works, and pins the link.
 * A crash between the two leaves nothing: the link dies with the process. `undefined` when it was there already.
 */
export function link(
  pins: Pins,
  name: string,
  ifindex: number,
  modes: AttachMode[],
  digest: string,
): Attachment | undefined {
  return effect('link', () => {
    using program = requirePin(pins, pins.program(name, digest));
    using there = pins.objects.openPin(pins.link(name));
    if (there && isOn(pins, ifindex, program, there)) return undefined;
    return makeLink(pins, name, ifindex, modes, program);
  });
}

/** Attaches a program, in the first mode that works, and pins the link. */
export function makeLink(
  pins: Pins,
  name: string,
  ifindex: number,
  modes: AttachMode[],
  program: Handle,
): Attachment {
  const { link: made, ...attached } = createFirst(pins, program, ifindex, modes);
  using held = made;
  makeDirectory(pins.interface(name));
  pins.objects.pin(held.number, pins.link(name));
  return attached;
}

/** The link was never dropped: an inverse has nothing to bring back. */
function isOn(pins: Pins, ifindex: number, program: Handle, held: Handle): boolean {
  const info = pins.objects.linkInfo(held);
  return info.ifindex === ifindex && info.programId === pins.objects.programId(program);
}

/** Only the driver's own refusal is a reason to fall back: a busy or vanished interface is not. */
function createFirst(
  pins: Pins,
  program: Handle,
  ifindex: number,
  modes: AttachMode[],
): Attachment & { link: Handle } {
  const [mode, ...others] = modes;
  if (mode === undefined) throw new Error('no mode to attach in');
  try {
    return { link: pins.objects.createLink(program, ifindex, mode), mode };
  } catch (error) {
    if (!(error instanceof NativeRefusedError) || others.length === 0) throw error;
    return { ...createFirst(pins, program, ifindex, others), fellBackBecause: error.message };
  }
}

/** Compare-and-swap from the expected program, or from the program of the instance that is left. */
export function swap(
  pins: Pins,
  name: string,
  digest: string,
  from: { programId: number | undefined; digest: string | undefined },
): void {
  effect('swap', () => {
    using held = requirePin(pins, pins.link(name));
    using program = requirePin(pins, pins.program(name, digest));
    if (pins.objects.linkInfo(held).programId === pins.objects.programId(program)) return;
    using expected =
      from.programId === undefined
        ? requirePin(pins, pins.program(name, from.digest ?? ''))
        : requireOpen(pins.objects.openProgram(from.programId), `program ${from.programId}`);
    pins.objects.swapProgram(held, program, expected);
  });
}

/** Pins a foreign program for giving back, then detaches it however it is held. */
export function takeOver(pins: Pins, name: string, ifindex: number, foreign: ForeignProgram): void {
  effect('take-over', () => {
    using program = requireOpen(
      pins.objects.openProgram(foreign.programId),
      `the foreign program ${foreign.programId}`,
    );
    keep(pins, name, program, foreign.mode);
    if (foreign.linkId === undefined) {
      if (pins.objects.attachedProgram(ifindex, foreign.mode) !== 0)
        pins.objects.detachNetlink(ifindex, foreign.mode, program);
      return;
    }
    using held = requireOpen(pins.objects.openLink(foreign.linkId), `the foreign link ${foreign.linkId}`);
    pins.objects.detachLink(held);
  });
}

/** The pin may be all that holds the program: it is not made anew while it is the right one. */
function keep(pins: Pins, name: string, program: Handle, mode: AttachMode): void {
  const path = pins.foreign(name);
  using kept = pins.objects.openPin(path);
  if (!kept || pins.objects.programId(kept) !== pins.objects.programId(program)) {
    remove(path);
    makeDirectory(pins.foreigners);
    pins.objects.pin(program.number, path);
  }
  writeSymlink(pins.foreignMode(name), mode);
}

/** Attaches a taken-over program again, in the mode that it had. Its pin goes with `forget`. */
export function giveBack(
  pins: Pins,
  name: string,
  ifindex: number,
  kept: NonNullable<DetachStep['giveBack']>,
): void {
  effect('give-back', () => {
    if (pins.objects.attachedProgram(ifindex, kept.mode) === kept.programId) return;
    if (kept.ifTaken && !isThere(pins.foreign(name))) return;
    using program = requirePin(pins, pins.foreign(name));
    pins.objects.attachNetlink(ifindex, kept.mode, program);
  });
}

/** Removes every pin of the interface but its link and the instance to keep. */
export function clean(pins: Pins, name: string, keep: string | undefined): void {
  effect('clean', () => {
    const directory = pins.interface(name);
    for (const entry of listEntries(directory)) {
      const kept = [LINK, keep, ...(keep === undefined ? [] : [BLOCKS, COUNTERS, ROWS])];
      const records = keep !== undefined && entry.name.startsWith(EGRESS);
      if (!kept.includes(entry.name) && !records) remove(join(directory, entry.name));
    }
    removeTables(pins);
    removeEmpty(pins, directory);
  });
}

/** Removes the one instance that a step brought in and that was undone. */
export function discard(pins: Pins, name: string, digest: string): void {
  effect('clean', () => {
    remove(pins.instance(name, digest));
    const left = listEntries(pins.interface(name)).map((entry) => entry.name);
    if (left.every((entry) => [BLOCKS, COUNTERS, ROWS].includes(entry))) remove(pins.interface(name));
    removeEmpty(pins, pins.interface(name));
  });
}

/** Drops the pin of a program that was given back. */
export function forget(pins: Pins, name: string): void {
  remove(pins.foreignMode(name));
  remove(pins.foreign(name));
  removeEmpty(pins, pins.foreigners);
}

/** From the inside out: an empty tree of ours is residue. */
function removeEmpty(pins: Pins, directory: string): void {
  removeIfEmpty(directory);
  if (removeIfEmpty(pins.interfaces)) removeIfEmpty(pins.root);
}

function requirePin(pins: Pins, path: string): Handle {
  return requireOpen(pins.objects.openPin(path), path);
}

export function requireOpen(fd: Handle | undefined, what: string): Handle {
  if (fd) return fd;
  throw new KernelError(`open ${what}`, 2, 'ENOENT', 'it vanished while the plan was made', {
    hint: 'Run reconcile again: the next pass plans with what is there now.',
  });
}
