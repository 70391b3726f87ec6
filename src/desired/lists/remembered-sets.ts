// A cache in the object store: bytes of a list -> address set, so that the next run does not parse the list, and loads the ranges only when
// they are needed. A lost or damaged entry costs only time.
import { reviveAddressSet, toAddressSet } from '../../disk/address-sets.js';
import { sha256 } from '../../disk/sha256.js';
import { canonicalJson } from '../../text/canonical-json.js';
import { JournalError } from '../../model/errors.js';
import type { ListCounts, ObjectStore } from '../../model/object-store.js';
import type { Diagnostic } from '../../model/diagnostic.js';
import type { AddressSet } from '../../model/policy.js';
import { encodeRanges } from '../../addresses/range-bytes.js';
import type { AddressRanges } from '../../addresses/ranges.js';

/** Version of the cache: changes whenever the same files would make another set. */
const VERSION = 3;

/** Where sets are stored and cached. */
export type SetStore = Pick<ObjectStore, 'put' | 'get' | 'recallList' | 'rememberList'>;

export interface MadeSet {
  content: AddressRanges;
  counts: ListCounts;
  /** Told again whenever the set is remembered. */
  warnings: Diagnostic[];
}

export interface RememberedSet extends Omit<MadeSet, 'content'> {
  set: AddressSet;
}

/**
 * Returns the cached set, or makes it. `identity`: everything that determines the result of `make`; `lists`: names of its lists.
 * `undefined` when nothing is cached and `make` makes nothing.
 */
export function rememberSet(
  store: SetStore,
  identity: unknown,
  lists: string[],
  make: () => MadeSet | undefined,
): RememberedSet | undefined {
  const key = keyOf(identity);
  const record = store.recallList(key);
  if (record) {
    const { counts, warnings, ...kept } = record;
    const load = (digest: string): Uint8Array => loadOrMake(store, digest, make);
    return { set: reviveAddressSet({ ...kept, lists }, load), counts, warnings };
  }
  const made = make();
  if (!made) return undefined;
  const { content, counts, warnings } = made;
  const set = toAddressSet(content, lists, store);
  const { digest, ranges, small } = set;
  store.rememberList(key, { digest, ranges, ...(small && { small }), counts, warnings });
  return { set, counts, warnings };
}

/** Under which a thing with this identity is remembered. */
function keyOf(identity: unknown): string {
  return sha256(canonicalJson({ identity, version: VERSION }));
}

/** Makes a lost or damaged set again, if its source is still the same. */
function loadOrMake(store: SetStore, digest: string, make: () => MadeSet | undefined): Uint8Array {
  try {
    return store.get(digest, 'set');
  } catch (error) {
    const made = error instanceof JournalError ? make() : undefined;
    const bytes = made && encodeRanges(made.content);
    if (!bytes || sha256(bytes) !== digest) throw error;
    store.put(bytes, 'set');
    return bytes;
  }
}
