// A policy as the kernel will have it: plain bytes, nothing left to decide. Pure policy/ makes
// it, kernel/ loads it.
import type { AddressRanges } from '../addresses/ranges.js';

/** Who stands behind a record, and what only the host can fill into it. */
export interface RecordOwner {
  /** Rule name, or the built-in row that counts it: every protect entry is `(protect)`. */
  row: string;
  /** Redirect target whose ifindex belongs into the record. */
  interface?: string;
}

/** The values for the marks of bpf/settings.h, by their numbers there. */
export interface Settings {
  /** 1 is on. */
  keys: Uint8Array;
  /** The TAI offset among them is 0 until bound to a host. */
  numbers: Uint32Array;
  bounds: Uint32Array;
}

export interface FirewallTables {
  settings: Settings;
  /** The one value of the map `tables`; counter slots and ifindexes in its records are 0 until bound to a host. */
  blob: Uint8Array;
  /** Byte of the blob at which the records begin. */
  records: number;
  /** Where in it decisions lie, each of which names the slot of its record: bytes, from and to. */
  decisions: [from: number, to: number][];
  /** Record -> owner. */
  owners: RecordOwner[];
  /** Maps that start empty and are used: name -> entries. Every other one is not made at all. */
  dynamic: Record<string, number>;
  /** By slot. */
  sets: TableSet[];
  /** CPUs that rules redirect to. */
  cpus: number[];
  /** Bound to an interface whose frames may come in several buffers: loaded as `xdp.frags`. */
  frags: boolean;
}

/** Large sets that one policy can ask for: slots in bpf/settings.h. */
export const MOST_SETS = 10;

/** A large set of addresses: a map of its own, shared by all that ask for it (bpf/set.h). */
export interface TableSet {
  direction: 'source' | 'destination';
  /** Of its lists; with the digest, of its pin. */
  name: string;
  /** SHA-256 (hex) of its ranges. */
  digest: string;
  /** What is in it, loaded when it is asked for. */
  content: () => AddressRanges;
}

/** Of the map of a large set. */
export interface SetBytes {
  bytes: number;
}

/** What a host adds to tables. Of it, ifindexes, blocks and frames are part of an instance's identity (diff/bind.ts). */
export interface TableBinding {
  /** Counter slot of each row name. */
  slots: ReadonlyMap<string, number>;
  /** Interface name -> ifindex, for every redirect target. */
  ifindexes: ReadonlyMap<string, number>;
  /** By slot. */
  sets: readonly SetBytes[];
  /** Seconds that CLOCK_TAI is ahead of CLOCK_REALTIME. */
  taiOffset: number;
  /** Sources are held against the blocks of the interface. */
  blocks: boolean;
  frames: FrameShape;
}

/** How the packets of an interface come. */
interface FrameShape {
  /** In several buffers, where they are large. */
  frags: boolean;
  /** They begin with the IP header. */
  noEthernet: boolean;
}
