// Reads blocks.json: every block that operators added, ended ones included. An unreadable file is an error, never an empty
// list: the kernel's maps then stay as they are.
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
    family: z.union([z.literal(4), z.literal(6)]),
    a: word,
    b: word,
    c: word,
    d: word,
    length: word,
  }),
  ...STORED_EXPIRY,
});
const schema = z.looseObject({ blocks: z.array(stored) });

/** Most hosts never have any: who only wants to know that reads nothing. */
export function hasBlocks(dataDir: string): boolean {
  return existsSync(blocksFile(dataDir));
}

/** Those that are over included. Throws a JournalError when the file is damaged. */
export function readStoredBlocks(dataDir: string): StoredBlock[] {
  const path = blocksFile(dataDir);
  const hint = 'Restore it from a backup, or remove it: then the next pass ends every block.';
  const bytes = readIfThere(path);
  return bytes ? unseal(bytes.toString(), 'Blocks', schema, { path, hint }).blocks.map(asMeant) : [];
}

/** Earlier releases kept IPv4-mapped networks as they were written, which blocked nothing. */
function asMeant(block: StoredBlock): StoredBlock {
  const network = unmapped(block.network);
  return network ? { ...block, network, cidr: formatCidr(network) } : block;
}

/** Those in force now. Throws a JournalError. */
export function readBlocks(dataDir: string): Block[] {
  return unexpired(readStoredBlocks(dataDir)).map(toBlock);
}

/** Without what only the file needs. */
export function toBlock({ cidr, interface: only, owner, reason, by, since, until }: StoredBlock): Block {
  return { cidr, ...(only !== undefined && { interface: only }), owner, reason, by, since, until };
}
