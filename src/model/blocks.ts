// A block: for a time, packets from a network are dropped before the policy is asked. An operator's word in an incident,
// outside of the state files and of git; `protect` entries decide before it.
import { maskWord } from '../addresses/networks.js';
import type { Cidr } from '../addresses/cidr.js';

/** Blocks of one host, and entries of one interface's map: bpf/blocks.h says the same. */
export const MOST_BLOCKS = 4096;

export interface Block {
  /** Canonical: `192.0.2.0/24`, `2001:db8::1`. */
  cidr: string;
  /** Absent: every interface that runs a policy, those that come later included. */
  interface?: string;
  reason: string;
  /** Who asked: `alice (as root)`. */
  by: string;
  /** ISO 8601. */
  since: string;
  /** ISO 8601, by the wall clock of when it was made. */
  until: string;
}

/** What the kernel holds of it. */
export interface BlockEntry {
  network: Cidr;
  /** Nanoseconds since the boot, time asleep included (CLOCK_BOOTTIME). */
  until: bigint;
}

export function concerns({ interface: only }: Pick<Block, 'interface'>, name: string): boolean {
  return only === undefined || only === name;
}

/** True also of a network and itself. */
export function holdsNetwork(outer: Cidr, inner: Cidr): boolean {
  const words = ['a', 'b', 'c', 'd'] as const;
  return (
    outer.family === inner.family &&
    outer.length <= inner.length &&
    words.every((word, at) => ((outer[word] ^ inner[word]) & maskWord(outer.length, at * 32)) === 0)
  );
}

/** `192.0.2.0/24 on ens5, until 2026-01-01T00:00:00.000Z, by root (why)` */
export function blockWords({ cidr, interface: only, reason, by, until }: Omit<Block, 'since'>): string {
  return `${cidr} on ${only ?? 'every interface'}, until ${until}, by ${by} (${reason})`;
}

/** What `block` has done. */
export interface BlockResult {
  block: Block;
  /** Interfaces on which it drops packets now. */
  inForce: string[];
  /** Those on which the next pass tries again. */
  notYet: string[];
  warnings: string[];
}

/** What `blocks --output json` prints. */
export interface Blocks {
  apiVersion: 'xdpkeep/v1';
  kind: 'Blocks';
  blocks: (Block & { inForce: string[] })[];
}
