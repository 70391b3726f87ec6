// Reads blocks.json: every block that operators added, expired ones included until a pass removes them. An unreadable file is an error,
// never an empty list: the kernel's maps then stay as they are.
import { existsSync } from 'node:fs';
import * as z from 'zod';
import { readIfThere } from '../disk/read.js';
import { type Block, OPERATOR } from '../model/blocks.js';
import type { Cidr } from '../addresses/cidr.js';
import { formatCidr } from '../addresses/format.js';
import { unmapped } from '../addresses/mapped.js';
import { type End, STORED_EXPIRY, unexpired } from './expiry.js';
import { blocksFile } from './paths.js';
import { unseal } from './sealed.js';

export interface StoredBlock extends Block, End {
  network: Cidr;
}

const word = z.int().nonnegative();
const stored: z.ZodType<StoredBlock> = z.looseObject({
  cidr: z.string(),
  owner: z.string().default(OPERATOR), // builds before owners wrote none
  network: z.looseObject({
    family: z.literal([4, 6]),
    a: word,
    b: word,
    c: word,
    d: word,
    length: word,
  }),
  ...STORED_EXPIRY,
});
const schema = z.looseObject({ blocks: z.array(stored) });

/** Does the file exist? A cheap test, since most hosts never have a block. */
export function hasBlocks(dataDir: string): boolean {
  return existsSync(blocksFile(dataDir));
}

/** All blocks, expired ones included. Throws a JournalError when the file is damaged. */
export function readStoredBlocks(dataDir: string): StoredBlock[] {
  const path = blocksFile(dataDir);
  const hint = 'Restore it from a backup, or remove it: then the next pass ends every block.';
  const bytes = readIfThere(path);
  return bytes ? unseal(bytes.toString(), 'Blocks', schema, { path, hint }).blocks.map(withoutMapping) : [];
}

/** Turns an IPv4-mapped network into the IPv4 network. Earlier releases stored it as it was written, which blocked nothing. */
function withoutMapping(block: StoredBlock): StoredBlock {
  const network = unmapped(block.network);
  return network ? { ...block, network, cidr: formatCidr(network) } : block;
}

/** The blocks that have not expired. Throws a JournalError. */
export function readBlocks(dataDir: string): Block[] {
  return unexpired(readStoredBlocks(dataDir)).map(toBlock);
}

/** The block without the fields that only the file needs. */
export function toBlock({ cidr, interface: only, owner, reason, by, since, until }: StoredBlock): Block {
  return { cidr, ...(only !== undefined && { interface: only }), owner, reason, by, since, until };
}
