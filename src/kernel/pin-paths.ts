// Where things of ours lie on a bpffs. The paths are the protocol between releases, and what an operator sees:
// `rm -r <bpffs>/xdpkeep` ends everything. bpffs refuses dots in names, so those are percent-encoded.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { TABLES } from '../model/observed.js';

export interface PinPaths {
  /** The mount that they lie on. */
  bpffs: string;
  /** Everything of ours; absent on a host that xdpkeep never changed. */
  root: string;
  /** One directory per interface, its name encoded. */
  interfaces: string;
  interface(name: string): string;
  /** The pinned bpf_link: the attachment itself. */
  link(name: string): string;
  instance(name: string, digest: string): string;
  /** Pinned last: an instance without it is incomplete. */
  program(name: string, digest: string): string;
  maps(name: string, digest: string): string;
  map(name: string, digest: string, map: string): string;
  /** Counters of a policy's rows; they belong to the interface and outlive its instances. */
  counters(name: string): string;
  /** Which row counts in which slot: one symbolic link per slot, its target the name of the row. */
  rows(name: string): string;
  /** A map that the instances of an interface share, by its name. */
  ofInterface(name: string, map: string): string;
  /** Sources that are blocked for a time; like the counters, they outlive instances. Absent before the first block. */
  blocks(name: string): string;
  /** Large sets of addresses, shared between interfaces: a directory for each list, in it a pin for each content. */
  lists: string;
  list(name: string): string;
  set(name: string, digest: string): string;
  /** Pins of programs that were taken over, with the mode that each had. */
  foreigners: string;
  foreign(name: string): string;
  /** A symbolic link whose target is the attach mode; `%m` starts no encoded character, so no name collides. */
  foreignMode(name: string): string;
  /** The way back of a change on trial: its text, cut into the targets of symbolic links. */
  trial: string;
}

/** File names beside the instances of an interface; no digest looks like them. */
export const LINK = 'link';
export const COUNTERS = 'counters';
export const ROWS = 'rows';
export const BLOCKS = 'blocks';
/** The map of a policy's instance in which each block counts; a new instance goes on with it. */
export const HITS = 'hits';
export const PROGRAM = 'program';
export const MAPS = 'maps';
/** The map of a policy's instance through which somebody watches (bpf/tap.h). */
export const TAP = 'tap';
/** Sections of the firewall's object, which libbpf makes maps of and names them after (bpf/tables.h, bpf/tap.h). */
export const TABLES_SECTION = '.data.tables';
export const TAP_SECTION = '.data.tap';
/** Those have pins of other names. */
export const PINNED_SECTIONS: ReadonlyMap<string, string> = new Map([
  [TABLES_SECTION, TABLES],
  [TAP_SECTION, TAP],
]);
/** Characters; a file name may have 255. */
const LONGEST_NAME = 200;
/** What the name of a mode symlink ends with. */
export const MODE_SUFFIX = '%mode';

/** The paths below one bpffs mount. */
export function pinPathsOf(bpffs: string): PinPaths {
  const root = join(bpffs, 'xdpkeep');
  const interfaces = join(root, 'interfaces');
  const foreigners = join(root, 'foreign');
  const lists = join(root, 'lists');
  const list = (name: string) => join(lists, shortName(encodeName(name)));
  const interface_ = (name: string) => join(interfaces, encodeName(name));
  const instance = (name: string, digest: string) => join(interface_(name), digest);
  return {
    bpffs,
    root,
    interfaces,
    interface: interface_,
    link: (name) => join(interface_(name), LINK),
    instance,
    program: (name, digest) => join(instance(name, digest), PROGRAM),
    maps: (name, digest) => join(instance(name, digest), MAPS),
    map: (name, digest, map) => join(instance(name, digest), MAPS, encodeName(map)),
    ofInterface: (name, map) => join(interface_(name), map),
    counters: (name) => join(interface_(name), COUNTERS),
    rows: (name) => join(interface_(name), ROWS),
    blocks: (name) => join(interface_(name), BLOCKS),
    lists,
    list,
    set: (name, digest) => join(list(name), digest),
    foreigners,
    foreign: (name) => join(foreigners, encodeName(name)),
    foreignMode: (name) => join(foreigners, encodeName(name) + MODE_SUFFIX),
    trial: join(root, 'trial'),
  };
}

/** A name that is too long for a file ends in a hash of itself. */
function shortName(encoded: string): string {
  if (encoded.length <= LONGEST_NAME) return encoded;
  const hash = createHash('sha256').update(encoded).digest('hex').slice(0, 16);
  return `${encoded.slice(0, LONGEST_NAME - hash.length - 1)}-${hash}`;
}

/** Name of an interface or a map as a bpffs name: `eth0.100` -> `eth0%2E100`. */
export function encodeName(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('.', '%2E');
}

/** The inverse of `encodeName`; `undefined` for what it never makes. */
export function decodeName(encoded: string): string | undefined {
  if (/%(?!25|2E)|\./.test(encoded)) return undefined;
  return encoded.replaceAll('%2E', '.').replaceAll('%25', '%');
}
