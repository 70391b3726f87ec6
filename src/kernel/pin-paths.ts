// Where our pins are on a bpffs. Releases rely on each other's paths, and operators see them: `rm -r <bpffs>/xdpkeep` detaches
// everything. bpffs refuses dots in names, so dots are percent-encoded.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type ConnectionTable, GRACE_TABLE, RECORDED } from '../model/connections.js';
import { TABLES } from '../model/observed.js';

export interface PinPaths {
  /** The mount point. */
  bpffs: string;
  /** The folder of all our pins; absent on a host that xdpkeep never changed. */
  root: string;
  /** The folder with one directory per interface, its name encoded. */
  interfaces: string;
  interface(name: string): string;
  /** The pinned bpf_link, which holds the attachment. */
  link(name: string): string;
  instance(name: string, digest: string): string;
  /** Pinned last: an instance without it is incomplete. */
  program(name: string, digest: string): string;
  maps(name: string, digest: string): string;
  map(name: string, digest: string, map: string): string;
  /** The counters of rows; they belong to the interface and outlive its instances. */
  counters(name: string): string;
  /** The slots of rows: one symbolic link per slot, whose target is the name of the row. */
  rows(name: string): string;
  /** A map that the instances of an interface share, by the name of the map. */
  ofInterface(name: string, map: string): string;
  /** The map of blocks; like the counters, it outlives instances. Absent before the first block. */
  blocks(name: string): string;
  /** The pinned link of the program that records what leaves, by the digest of that. */
  egress(name: string, digest: string): string;
  /** The tables of the connections of the host: a pin for each. */
  connections: string;
  connectionTable(table: ConnectionTable): string;
  /** One of another size, or the count of what is written there, while programs that use it are still there. */
  formerTable(table: ConnectionTable | typeof RECORDED): string;
  /** For how long flows are kept. */
  lives: string;
  /** When the grace window ends. */
  grace: string;
  /** The map that counts what is written into them. */
  recorded: string;
  /** Large address sets, shared between interfaces: a directory for each list, with a pin for each content. */
  lists: string;
  list(name: string): string;
  set(name: string, digest: string): string;
  /** The folder of foreign programs that were taken over, and of the mode that each had. */
  foreigners: string;
  foreign(name: string): string;
  /** A symbolic link whose target is the attach mode. No encoded name contains `%m`, so that it collides with none. */
  foreignMode(name: string): string;
  /** The undo record of a change on trial: JSON text, split into the targets of symbolic links. */
  trial: string;
}

/** File names beside the instances of an interface; none has the form of a digest. */
export const LINK = 'link';
export const COUNTERS = 'counters';
export const ROWS = 'rows';
export const BLOCKS = 'blocks';
/** What the names of egress links begin with; a digest follows. */
export const EGRESS = 'egress-';
/** The map that counts what each block drops; a new instance takes it over from the old one. */
export const HITS = 'hits';
export const PROGRAM = 'program';
export const MAPS = 'maps';
/** The map that tells an instance which packets to capture (bpf/tap.h). */
export const TAP = 'tap';
/** Sections of the policy's object; libbpf makes a map of each, with the section's name (bpf/tables.h, bpf/tap.h). */
export const TABLES_SECTION = '.data.tables';
export const TAP_SECTION = '.data.tap';
/** The section of the egress program with its timeouts (bpf/egress.bpf.c). */
export const LIVES_SECTION = '.data.lives';
/** Section -> the name of the pin of its map. */
export const PINNED_SECTIONS: ReadonlyMap<string, string> = new Map([
  [TABLES_SECTION, TABLES],
  [TAP_SECTION, TAP],
]);
/** Characters. The kernel allows 255. */
const LONGEST_NAME = 200;
/** The suffix of the name of a symbolic link with a mode. */
export const MODE_SUFFIX = '%mode';

/** The paths below one bpffs mount. */
export function pinPathsOf(bpffs: string): PinPaths {
  const root = join(bpffs, 'xdpkeep');
  const interfaces = join(root, 'interfaces');
  const foreigners = join(root, 'foreign');
  const lists = join(root, 'lists');
  const connections = join(root, 'connections');
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
    egress: (name, digest) => join(interface_(name), EGRESS + digest),
    connections,
    connectionTable: (table) => join(connections, table),
    formerTable: (table) => join(connections, `former-${table}`),
    lives: join(connections, 'lives'),
    grace: join(connections, GRACE_TABLE),
    recorded: join(connections, RECORDED),
    lists,
    list,
    set: (name, digest) => join(list(name), digest),
    foreigners,
    foreign: (name) => join(foreigners, encodeName(name)),
    foreignMode: (name) => join(foreigners, encodeName(name) + MODE_SUFFIX),
    trial: join(root, 'trial'),
  };
}

/** Replaces the end of a name that is too long by a hash of the whole. */
function shortName(encoded: string): string {
  if (encoded.length <= LONGEST_NAME) return encoded;
  const hash = createHash('sha256').update(encoded).digest('hex').slice(0, 16);
  return `${encoded.slice(0, LONGEST_NAME - hash.length - 1)}-${hash}`;
}

/** Encodes the name of an interface or a map for a bpffs: `eth0.100` -> `eth0%2E100`. */
export function encodeName(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('.', '%2E');
}

/** The inverse of `encodeName`; `undefined` for a text that `encodeName` never returns. */
export function decodeName(encoded: string): string | undefined {
  if (/%(?!25|2E)|\./.test(encoded)) return undefined;
  return encoded.replaceAll('%2E', '.').replaceAll('%25', '%');
}
