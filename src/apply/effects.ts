// The effects of which steps consist. Each is one atomic change of the kernel and is idempotent: it first checks whether it is still to
// be done. So a step that was interrupted anywhere can be run again, and so can its inverse.
import { dirname, join } from 'node:path';
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
import { dropEgress, settleTables } from './record.js';

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

/** Pins a set below `lists` too, where the next instance finds it. */
function keepSet(pins: Pins, { name, pin: content, map }: OpenSet): void {
  const path = pins.set(name, content);
  makeDirectory(pins.list(name));
  using there = pins.objects.openPin(path);
  if (there && pins.objects.mapInfo(there).id === pins.objects.mapInfo(map).id) return;
  remove(path); // its content is not that of the digest: proving would have used it otherwise
  pins.objects.pin(map.number, path);
}

/** Records the slots of new rows and sets their counters to zero, since another row may have used the slot. Other rows keep theirs. */
function keepRows(pins: Pins, name: string, object: LoadedObject, rows: RowAssignment): void {
  if (!rows.pinned) pins.objects.pin(object.mapFd(COUNTERS), pins.counters(name));
  makeDirectory(pins.rows(name));
  for (const { row, slot } of rows.added) {
    pins.objects.zeroCounter(object.mapFd(COUNTERS), slot);
    writeSymlink(join(pins.rows(name), String(slot)), row);
  }
}

/** Pins a map that the running program uses, and that lost its pin. */
export function repin(pins: Pins, name: string, digest: string, map: RepinnedMap): void {
  effect('pin', () => {
    using fd = requireOpen(pins.objects.openMap(map.id), `map ${map.id}`);
    const path = pathOf(pins, name, digest, map);
    makeDirectory(dirname(path));
    pins.objects.pin(fd.number, path);
  });
}

function pathOf(pins: Pins, name: string, digest: string, map: RepinnedMap): string {
  if (map.ofHost) return join(pins.connections, map.name);
  return map.ofInterface ? pins.ofInterface(name, map.name) : pins.map(name, digest, map.name);
}

/**
 * Renames the pins of an interface, and those of a foreign program that was taken over there. If the other name has pins as well, the
 * two are exchanged. The folder with the link moves last: its place tells whether the step was completed.
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
 * Removes the pin of a link and detaches it. The kernel frees an unpinned link later, on a work queue, so the link is detached
 * explicitly: the interface is free when this returns.
 */
export function dropLink(pins: Pins, name: string): void {
  effect('drop-link', () => {
    using held = pins.objects.openPin(pins.link(name));
    remove(pins.link(name));
    if (held) pins.objects.detachLink(held);
  });
}

/**
 * Attaches the pinned instance, in the first mode that works, and pins the link. A crash between the two leaves nothing attached: the
 * link ends with the process. Returns `undefined` when the link was already there.
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
    if (there && isAttached(pins, ifindex, program, there)) return undefined;
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

/** Does the link run this program on this interface already? So it is when an inverse runs after an interrupted step. */
function isAttached(pins: Pins, ifindex: number, program: Handle, held: Handle): boolean {
  const info = pins.objects.linkInfo(held);
  return info.ifindex === ifindex && info.programId === pins.objects.programId(program);
}

/** Tries the modes in order. Only a refusal by the driver makes it try the next; a busy or missing interface is an error. */
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

/** Compare-and-swap: replaces the expected program, given by id or as the program of the former instance. */
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

/** Pins a foreign program so that it can be given back, then detaches it, whether netlink or a link attached it. */
export function takeOver(pins: Pins, name: string, ifindex: number, foreign: ForeignProgram): void {
  effect('take-over', () => {
    using program = requireOpen(
      pins.objects.openProgram(foreign.programId),
      `the foreign program ${foreign.programId}`,
    );
    pinForeign(pins, name, program, foreign.mode);
    if (foreign.linkId === undefined) {
      if (pins.objects.attachedProgram(ifindex, foreign.mode) !== 0)
        pins.objects.detachNetlink(ifindex, foreign.mode, program);
      return;
    }
    using held = requireOpen(pins.objects.openLink(foreign.linkId), `the foreign link ${foreign.linkId}`);
    pins.objects.detachLink(held);
  });
}

/** Does not replace a pin of the right program: it may be the only reference to it. */
function pinForeign(pins: Pins, name: string, program: Handle, mode: AttachMode): void {
  const path = pins.foreign(name);
  using kept = pins.objects.openPin(path);
  if (!kept || pins.objects.programId(kept) !== pins.objects.programId(program)) {
    remove(path);
    makeDirectory(pins.foreigners);
    pins.objects.pin(program.number, path);
  }
  writeSymlink(pins.foreignMode(name), mode);
}

/** Attaches a taken-over program again, in the mode that it had. `forgetForeign` removes its pin. */
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

/** Removes every pin of the interface except its link, the instance `keep`, and what belongs to the interface (counters, blocks, recorders). */
export function clean(pins: Pins, name: string, keep: string | undefined): void {
  effect('clean', () => {
    const directory = pins.interface(name);
    for (const entry of listEntries(directory)) {
      const kept = [LINK, keep, ...(keep === undefined ? [] : [BLOCKS, COUNTERS, ROWS])];
      const isRecorder = keep !== undefined && entry.name.startsWith(EGRESS);
      if (kept.includes(entry.name) || isRecorder) continue;
      if (entry.name.startsWith(EGRESS)) dropEgress(pins, name, entry.name.slice(EGRESS.length));
      else remove(join(directory, entry.name));
    }
    settleTables(pins);
    removeEmpty(pins, directory);
  });
}

/** Removes the instance of a step that was undone. */
export function discard(pins: Pins, name: string, digest: string): void {
  effect('clean', () => {
    remove(pins.instance(name, digest));
    const left = listEntries(pins.interface(name)).map((entry) => entry.name);
    if (left.every((entry) => [BLOCKS, COUNTERS, ROWS].includes(entry))) remove(pins.interface(name));
    removeEmpty(pins, pins.interface(name));
  });
}

/** Removes the pin of a foreign program that was given back. */
export function forgetForeign(pins: Pins, name: string): void {
  remove(pins.foreignMode(name));
  remove(pins.foreign(name));
  removeEmpty(pins, pins.foreigners);
}

/** Removes our directories that are empty, the innermost first. */
function removeEmpty(pins: Pins, directory: string): void {
  removeIfEmpty(directory);
  if (removeIfEmpty(pins.interfaces)) removeIfEmpty(pins.root);
}

function requirePin(pins: Pins, path: string): Handle {
  return requireOpen(pins.objects.openPin(path), path);
}

export function requireOpen(fd: Handle | undefined, what: string): Handle {
  if (fd) return fd;
  throw new KernelError(`open ${what}`, 2, 'ENOENT', 'it vanished after the plan was made', {
    hint: 'Run reconcile again: the next pass plans with what is there now.',
  });
}
