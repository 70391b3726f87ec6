// Address sets by content. A small set is stored where it is used; of a large one only the digest is, and its ranges are
// loaded from the object store on demand.
import type { ObjectStore } from '../model/object-store.js';
import type { AddressSet } from '../model/policy.js';
import { type AddressRanges, countRanges } from '../addresses/ranges.js';
import { decodeRanges, encodeRanges } from '../addresses/range-bytes.js';
import { sha256 } from './sha256.js';

/** Ranges of the largest set that is kept where it is used. */
const MOST_SMALL = 64;

/** A set that is in memory. A large one is put into the store. */
export function toAddressSet(
  content: AddressRanges,
  lists: string[],
  store: Pick<ObjectStore, 'put'>,
): AddressSet {
  const ranges = countRanges(content);
  const bytes = encodeRanges(content);
  const base = { lists, ranges, content: () => content };
  if (ranges > MOST_SMALL) return { ...base, digest: store.put(bytes, 'set') };
  const { four, six } = content;
  return { ...base, digest: sha256(bytes), small: { four: [...four], six: [...six] } };
}

/** A set as JSON kept it, with its content again: `load` gets the bytes of a digest. */
export function reviveAddressSet(
  kept: Omit<AddressSet, 'content'>,
  load: (digest: string) => Uint8Array,
): AddressSet {
  let content: AddressRanges | undefined;
  const { small, digest } = kept;
  const read = (): AddressRanges =>
    small
      ? { four: Uint32Array.from(small.four), six: Uint32Array.from(small.six) }
      : decodeRanges(load(digest));
  return { ...kept, content: () => (content ??= read()) };
}
