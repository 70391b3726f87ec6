// Adds and ends blocks. The journal records each one before the kernel's maps change.
import {
  type Block,
  blockWords,
  type BlockSelection,
  isSelected,
  MOST_BLOCKS,
  type UnblockResult,
} from '../model/blocks.js';
import { RefusedError } from '../model/errors.js';
import type { Cidr } from '../addresses/cidr.js';
import { readStoredBlocks, type StoredBlock, toBlock } from './blocks.js';
import { bootClock, expiryAfter, isExpired, ofThisBoot } from './expiry.js';
import { Journal } from './journal.js';
import type { WriterLock } from './lock.js';
import { blocksFile } from './paths.js';
import { writeSealed } from './sealed.js';

export interface NewBlock extends Pick<Block, 'cidr' | 'interface' | 'owner' | 'reason' | 'by'> {
  network: Cidr;
  /** Milliseconds. */
  duration: number;
}

/** A block that was added, and all that there are now. */
export interface AddedBlock {
  block: Block;
  stored: StoredBlock[];
}

/**
 * Adds a block; it replaces the block of the same owner for the same network and interface. Throws a RefusedError when there are too
 * many, a JournalError when it cannot be recorded.
 */
export function addBlock(lock: WriterLock, made: NewBlock): AddedBlock {
  const { duration, ...rest } = made;
  const one: StoredBlock = { ...rest, since: new Date().toISOString(), ...expiryAfter(duration) };
  const others = refreshBlocks(lock).filter(
    (other) => !(other.cidr === one.cidr && other.interface === one.interface && other.owner === one.owner),
  );
  if (others.length >= MOST_BLOCKS) {
    throw new RefusedError(`there are ${others.length} blocks already, the most that a host can have`, {
      hint: 'Block a wider network, unblock what is not needed any more, or put them into a list of the policy.',
    });
  }
  Journal.open(lock).appendDone({ kind: 'block', reason: blockWords(one) });
  const stored = [...others, one];
  write(lock, stored);
  return { block: toBlock(one), stored };
}

/** Ends the selected blocks. Returns what it ended, what is left for that network, and all blocks that remain. Throws a JournalError. */
export function endBlocks(
  lock: WriterLock,
  wanted: BlockSelection,
  by: string,
): UnblockResult & { stored: StoredBlock[] } {
  const all = refreshBlocks(lock);
  const there = all.filter(({ cidr }) => cidr === wanted.cidr);
  const ended = there.filter((one) => isSelected(one, wanted));
  const result = {
    ended: ended.map(toBlock),
    left: there.filter((one) => !ended.includes(one)).map(toBlock),
  };
  if (ended.length === 0) return { ...result, stored: all };
  const reason = `by ${by}: ${ended.map(blockWords).join('; ')}`;
  Journal.open(lock).appendDone({ kind: 'unblock', reason });
  const stored = all.filter((one) => !ended.includes(one));
  write(lock, stored);
  return { ...result, stored };
}

/**
 * Removes expired blocks and records that; converts the others to the clock of this boot, and follows renamed interfaces (`renamed`: old
 * name -> new name). `journal`: the caller's, where one is open. Returns the blocks that remain. Throws a JournalError.
 */
export function refreshBlocks(
  lock: WriterLock,
  renamed: ReadonlyMap<string, string> = new Map(),
  journal?: Journal,
): StoredBlock[] {
  const all = readStoredBlocks(lock.dataDir);
  const now = bootClock();
  const over = new Set(all.filter((one) => isExpired(one, now)));
  if (over.size > 0) {
    const reason = `their time is over: ${[...over].map(({ cidr }) => cidr).join(', ')}`;
    (journal ?? Journal.open(lock)).appendDone({ kind: 'unblock', reason });
  }
  const left = all
    .filter((one) => !over.has(one))
    .map((one) => ofThisBoot(one, now))
    .map((one) => withNewName(one, renamed));
  if (left.length < all.length || left.some((one, at) => one !== all[at])) write(lock, left);
  return left;
}

function withNewName(one: StoredBlock, renamed: ReadonlyMap<string, string>): StoredBlock {
  const name = one.interface === undefined ? undefined : renamed.get(one.interface);
  return name === undefined ? one : { ...one, interface: name };
}

function write(lock: WriterLock, blocks: StoredBlock[]): void {
  const content = blocks.length === 0 ? undefined : { blocks };
  writeSealed(lock, blocksFile(lock.dataDir), 'Blocks', content, 'write the blocks');
}
