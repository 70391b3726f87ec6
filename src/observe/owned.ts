// What is pinned under our directory, read through the pins themselves. An entry that does not belong there, or a pin
// of another kind, is an error: to pass it over would be to forget something that may be attached.
import { type Entry, isBpffs, listEntries, readSymlink } from '../kernel/bpffs.js';
import {
  BLOCKS,
  COUNTERS,
  EGRESS,
  LINK,
  ROWS,
  MAPS,
  MODE_SUFFIX,
  PROGRAM,
  decodeName,
} from '../kernel/pin-paths.js';
import type { ObjectKind } from '../kernel/pinned.js';
import { type Handle, type Pins, pinsOf } from '../kernel/pins.js';
import type { AttachMode } from '../model/desired.js';
import { EnvironmentError } from '../model/errors.js';
import type { ObservedInstance, ObservedLink, OwnedInterface } from '../model/observed.js';
import { Disagreement, restless } from './disagreement.js';

const ATTEMPTS = 20;

/**
 * By name. Empty without a bpffs, and on a host that xdpkeep never changed. Pins that are moved or removed meanwhile are
 * read again; throws an EnvironmentError where that never ends.
 */
export function readOwned(bpffs: string): OwnedInterface[] {
  for (let attempt = 1; ; attempt++) {
    try {
      return readOwnedOnce(bpffs);
    } catch (error) {
      if (!(error instanceof Disagreement)) throw error;
      if (attempt === ATTEMPTS) throw restless(error);
    }
  }
}

/** The same for a look at more than pins, which has to begin anew as a whole: throws a Disagreement. */
export function readOwnedOnce(bpffs: string): OwnedInterface[] {
  return isBpffs(bpffs) ? readPinned(pinsOf(bpffs)) : [];
}

/** What is pinned, by name. Throws a Disagreement where that changes meanwhile. */
export function readPinned(pins: Pins): OwnedInterface[] {
  const kept = listEntries(pins.foreigners).map((entry) => foreignName(pins, entry));
  const pinned = listEntries(pins.interfaces).map((entry) => {
    if (entry.kind !== 'directory') throw unexpected(pins.interfaces, entry);
    return decoded(pins.interfaces, entry);
  });
  return [...new Set([...pinned, ...kept])].sort().map((name) => readOrExplain(pins, name));
}

/** One interface whose pins were tampered with must not hide the others. */
function readOrExplain(pins: Pins, name: string): OwnedInterface {
  try {
    return readInterface(pins, name);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return { name, instances: [], trouble: { reason: error.message, hint: error.hint } };
  }
}

function readInterface(pins: Pins, name: string): OwnedInterface {
  const owned: OwnedInterface = { name, instances: [] };
  for (const entry of listEntries(pins.interface(name))) {
    if (entry.name === ROWS) continue; // read by those who count
    if (entry.name === COUNTERS) {
      owned.counters = {
        name: COUNTERS,
        ...identify(pins, pins.counters(name), 'map', (fd) => pins.objects.mapInfo(fd)),
      };
    } else if (entry.name === BLOCKS) {
      owned.blocks = {
        name: BLOCKS,
        ...identify(pins, pins.blocks(name), 'map', (fd) => pins.objects.mapInfo(fd)),
      };
    } else if (entry.name.startsWith(EGRESS)) {
      const digest = entry.name.slice(EGRESS.length);
      const link = readEgress(pins, name, digest);
      owned.egress = [...(owned.egress ?? []), { digest, link }];
    } else if (entry.kind === 'directory') owned.instances.push(readInstance(pins, name, entry.name));
    else if (entry.name === LINK)
      owned.link = identify(pins, pins.link(name), 'link', (fd) => pins.objects.linkInfo(fd));
    else throw unexpected(pins.interface(name), entry);
  }
  const foreign = readForeign(pins, name);
  return foreign ? { ...owned, foreign } : owned;
}

/** A link, or a program that a filter of ours runs. */
function readEgress(pins: Pins, name: string, digest: string): ObservedLink {
  const path = pins.egress(name, digest);
  using fd = pins.objects.openPin(path);
  const kind = fd && pins.objects.kindOf(fd) === 'program' ? 'program' : 'link';
  return identify(pins, path, kind, (pinned) => pins.objects.egressInfo(pinned, { name, digest }));
}

function readInstance(pins: Pins, name: string, digest: string): ObservedInstance {
  const instance: ObservedInstance = { digest, maps: [] };
  for (const entry of listEntries(pins.instance(name, digest))) {
    if (entry.name === PROGRAM && entry.kind === 'pin') {
      instance.programId = identify(pins, pins.program(name, digest), 'program', (fd) =>
        pins.objects.programId(fd),
      );
    } else if (entry.name === MAPS && entry.kind === 'directory') {
      instance.maps = readMaps(pins, name, digest);
    } else throw unexpected(pins.instance(name, digest), entry);
  }
  return instance;
}

function readMaps(pins: Pins, name: string, digest: string): ObservedInstance['maps'] {
  const directory = pins.maps(name, digest);
  return listEntries(directory).map((entry) => {
    if (entry.kind !== 'pin') throw unexpected(directory, entry);
    const map = decoded(directory, entry);
    return {
      name: map,
      ...identify(pins, pins.map(name, digest, map), 'map', (fd) => pins.objects.mapInfo(fd)),
    };
  });
}

/** Name of the interface that an entry of `foreign/` is about. */
function foreignName(pins: Pins, entry: Entry): string {
  if (entry.kind === 'pin') return decoded(pins.foreigners, entry);
  if (entry.kind === 'directory' || !entry.name.endsWith(MODE_SUFFIX))
    throw unexpected(pins.foreigners, entry);
  return decoded(pins.foreigners, { ...entry, name: entry.name.slice(0, -MODE_SUFFIX.length) });
}

/** The mode is written after the program and removed before it: one without the other was interrupted, and is void. */
function readForeign(pins: Pins, name: string): OwnedInterface['foreign'] {
  const mode = readSymlink(pins.foreignMode(name));
  using program = pins.objects.openPin(pins.foreign(name));
  if (mode === undefined || program === undefined) return undefined;
  if (!isMode(mode)) {
    throw new EnvironmentError(`${pins.foreignMode(name)} names no attach mode: ${mode}`, {
      hint: `Make it say native, generic or offload: ln -sfn native ${pins.foreignMode(name)}`,
    });
  }
  return {
    programId: identify(pins, pins.foreign(name), 'program', (fd) => pins.objects.programId(fd)),
    mode,
  };
}

function isMode(text: string): text is AttachMode {
  return text === 'native' || text === 'generic' || text === 'offload';
}

function identify<T>(pins: Pins, path: string, wanted: ObjectKind, read: (fd: Handle) => T): T {
  using fd = pins.objects.openPin(path);
  if (!fd) throw new Disagreement(`${path} vanished while it was read`);
  const kind = pins.objects.kindOf(fd);
  if (kind === wanted) return read(fd);
  throw new EnvironmentError(`${path} is a pinned ${kind}, not a ${wanted}`, {
    hint: `Not xdpkeep's doing: move that pin elsewhere, or remove it (rm ${path}).`,
  });
}

function decoded(directory: string, entry: Entry): string {
  const name = decodeName(entry.name);
  if (name === undefined) throw unexpected(directory, entry);
  return name;
}

function unexpected(directory: string, entry: Entry): EnvironmentError {
  const what = entry.kind === 'symlink' ? 'symbolic link' : entry.kind;
  return new EnvironmentError(`${directory}/${entry.name}: no ${what} of this name is xdpkeep's`, {
    hint: 'Remove it if nothing needs it, or update xdpkeep if a newer one made it.',
  });
}
