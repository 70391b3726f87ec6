// What is pinned under our directory, read through the pins themselves. An entry that does not belong there, or a pin
// of another kind, is an error: to pass it over would be to forget something that may be attached.
import { type Entry, isBpffs, listEntries, readSymlink } from '../kernel/bpffs.js';
import type { Fd } from '../kernel/fd.js';
import {
  BLOCKS,
  COUNTERS,
  type PinPaths,
  LINK,
  ROWS,
  MAPS,
  MODE_SUFFIX,
  PROGRAM,
  decodeName,
  pinPathsOf,
} from '../kernel/pin-paths.js';
import { type ObjectKind, kindOf, linkInfo, mapInfo, openPin, programId } from '../kernel/pinned.js';
import type { AttachMode } from '../model/desired.js';
import { EnvironmentError } from '../model/errors.js';
import type { ObservedInstance, OwnedInterface } from '../model/observed.js';
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
  if (!isBpffs(bpffs)) return [];
  const paths = pinPathsOf(bpffs);
  const kept = listEntries(paths.foreigners).map((entry) => foreignName(paths, entry));
  const pinned = listEntries(paths.interfaces).map((entry) => {
    if (entry.kind !== 'directory') throw unexpected(paths.interfaces, entry);
    return decoded(paths.interfaces, entry);
  });
  return [...new Set([...pinned, ...kept])].sort().map((name) => readOrExplain(paths, name));
}

/** One interface whose pins were tampered with must not hide the others. */
function readOrExplain(paths: PinPaths, name: string): OwnedInterface {
  try {
    return readInterface(paths, name);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return { name, instances: [], trouble: { reason: error.message, hint: error.hint } };
  }
}

function readInterface(paths: PinPaths, name: string): OwnedInterface {
  const owned: OwnedInterface = { name, instances: [] };
  for (const entry of listEntries(paths.interface(name))) {
    if (entry.name === ROWS) continue; // read by those who count
    if (entry.name === COUNTERS) {
      owned.counters = { name: COUNTERS, ...identify(paths.counters(name), 'map', mapInfo) };
    } else if (entry.name === BLOCKS) {
      owned.blocks = { name: BLOCKS, ...identify(paths.blocks(name), 'map', mapInfo) };
    } else if (entry.kind === 'directory') owned.instances.push(readInstance(paths, name, entry.name));
    else if (entry.name === LINK) owned.link = identify(paths.link(name), 'link', linkInfo);
    else throw unexpected(paths.interface(name), entry);
  }
  const foreign = readForeign(paths, name);
  return foreign ? { ...owned, foreign } : owned;
}

function readInstance(paths: PinPaths, name: string, digest: string): ObservedInstance {
  const instance: ObservedInstance = { digest, maps: [] };
  for (const entry of listEntries(paths.instance(name, digest))) {
    if (entry.name === PROGRAM && entry.kind === 'pin') {
      instance.programId = identify(paths.program(name, digest), 'program', programId);
    } else if (entry.name === MAPS && entry.kind === 'directory') {
      instance.maps = readMaps(paths, name, digest);
    } else throw unexpected(paths.instance(name, digest), entry);
  }
  return instance;
}

function readMaps(paths: PinPaths, name: string, digest: string): ObservedInstance['maps'] {
  const directory = paths.maps(name, digest);
  return listEntries(directory).map((entry) => {
    if (entry.kind !== 'pin') throw unexpected(directory, entry);
    const map = decoded(directory, entry);
    return { name: map, ...identify(paths.map(name, digest, map), 'map', mapInfo) };
  });
}

/** Name of the interface that an entry of `foreign/` is about. */
function foreignName(paths: PinPaths, entry: Entry): string {
  if (entry.kind === 'pin') return decoded(paths.foreigners, entry);
  if (entry.kind === 'directory' || !entry.name.endsWith(MODE_SUFFIX))
    throw unexpected(paths.foreigners, entry);
  return decoded(paths.foreigners, { ...entry, name: entry.name.slice(0, -MODE_SUFFIX.length) });
}

/** The mode is written after the program and removed before it: one without the other was interrupted, and is void. */
function readForeign(paths: PinPaths, name: string): OwnedInterface['foreign'] {
  const mode = readSymlink(paths.foreignMode(name));
  using program = openPin(paths.foreign(name));
  if (mode === undefined || program === undefined) return undefined;
  if (!isMode(mode)) {
    throw new EnvironmentError(`${paths.foreignMode(name)} names no attach mode: ${mode}`, {
      hint: `Make it say native, generic or offload: ln -sfn native ${paths.foreignMode(name)}`,
    });
  }
  return { programId: identify(paths.foreign(name), 'program', programId), mode };
}

function isMode(text: string): text is AttachMode {
  return text === 'native' || text === 'generic' || text === 'offload';
}

function identify<T>(path: string, wanted: ObjectKind, read: (fd: Fd) => T): T {
  using fd = openPin(path);
  if (!fd) throw new Disagreement(`${path} vanished while it was read`);
  const kind = kindOf(fd);
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
