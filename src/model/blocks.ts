// A block: for a time, packets from a network are dropped before the policy is asked. An operator's word in an incident,
// outside of the state files and of git; `protect` entries decide before it.
import { maskWord } from '../addresses/networks.js';
import type { Cidr } from '../addresses/cidr.js';

/** Blocks of one host, and entries of one interface's map: bpf/blocks.h says the same. */
export const MOST_BLOCKS = 65_536;

/** Whose a block is that names nobody, and one that a build without owners recorded. */
export const OPERATOR = 'operator';

/** One block: of a network and an interface there is one for each owner. */
export interface Block {
  /** Canonical: `192.0.2.0/24`, `2001:db8::1`. */
  cidr: string;
  /** Who alone replaces or ends it, unless all blocks of the network are ended: `operator`, `fail2ban-sshd`. */
  owner: string;
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

/** Frames that a block has dropped, Ethernet headers included in bytes. */
export interface BlockHits {
  packets: number;
  bytes: number;
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

/** `192.0.2.0/24 on ens5, until 2026-01-01T00:00:00.000Z, for fail2ban-sshd, by root (why)`; the usual owner is not named. */
export function blockWords(block: Omit<Block, 'since'>): string {
  const { cidr, interface: only, owner, reason, by, until } = block;
  const whose = owner === OPERATOR ? '' : `, for ${owner}`;
  return `${cidr} on ${only ?? 'every interface'}, until ${until}${whose}, by ${by} (${reason})`;
}

/** Which blocks `unblock` ends. */
export interface BlockSelection {
  /** Canonical. */
  cidr: string;
  /** Absent: wherever they are. */
  interface?: string;
  /** Absent: everybody's. */
  owner?: string;
}

export function isSelected(block: Block, { cidr, interface: only, owner }: BlockSelection): boolean {
  return (
    block.cidr === cidr &&
    (only === undefined || block.interface === only) &&
    (owner === undefined || block.owner === owner)
  );
}

/** What `unblock` has done. */
export interface UnblockResult {
  ended: Block[];
  /** Blocks of the same network that go on: those of other owners, or on other interfaces. */
  left: Block[];
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

/** A block as it stands. */
export interface BlockReport extends Block {
  /** Interfaces whose programs ask for it. */
  inForce: string[];
  /**
   * What its network has dropped there since it is blocked, whoever blocked it; of networks in each other the longest counts.
   * Absent where no program counts that.
   */
  hits?: BlockHits;
}

/** What `blocks --output json` prints. */
export interface Blocks {
  apiVersion: 'xdpkeep/v1';
  kind: 'Blocks';
  blocks: BlockReport[];
}

/** The same with the blocks alone that have dropped most, at most so many. */
export function mostHit(all: Blocks, most: number): Blocks {
  const sorted = [...all.blocks].sort((x, y) => (y.hits?.packets ?? 0) - (x.hits?.packets ?? 0));
  return { ...all, blocks: sorted.slice(0, most) };
}
