// Large sets of addresses are made once for all that ask for them: what is pinned already is used again, what is made in
// this pass serves all its interfaces. A set that differs in little from one that is pinned is that one and a delta.
// Nothing is pinned here.
import { listEntries } from '../kernel/bpffs.js';
import type { Fd } from '../kernel/fd.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { mapInfo, openPin } from '../kernel/pinned.js';
import { createSet, readSetHead } from '../kernel/sets.js';
import { loadRanges } from '../disk/address-sets.js';
import { ifReadable } from '../disk/if-readable.js';
import type { ObjectStore } from '../model/object-store.js';
import { type AddressRanges, countRanges, differences } from '../addresses/ranges.js';
import type { TableSet } from '../model/tables.js';
import {
  digestOf,
  isSetOf,
  layOutSet,
  SET_HEAD,
  SET_LAYOUT,
  type SetIdentity,
} from '../policy/compile/set-layout.js';

/** Ranges of the shortest set that is worth a delta: all others are laid out in no time. */
const LONG = 1 << 14;
/** A delta has at most this part of the ranges of the set that it changes: every packet pays for it. */
const SMALL_PART = 1 / 64;

export interface PinnedSet {
  /** Name of its pin in the list's directory: content and layout. */
  pin: string;
  map: Fd;
  /** Of its value. */
  bytes: number;
}

export interface OpenSet extends PinnedSet {
  name: string;
  /** What has to be changed in it. */
  delta?: PinnedSet | undefined;
}

function pinName({ digest, base }: SetIdentity): string {
  const pinPaths = `${digest.slice(0, 16)}-${SET_LAYOUT}`;
  return base === undefined ? pinPaths : `${pinPaths}-${base.slice(0, 16)}`;
}

/** Where sets are pinned, and where the content of those is that a delta may change. */
interface SetPlaces {
  pinPaths: PinPaths;
  store: Pick<ObjectStore, 'get'>;
}

/** Keeps what it opens until it is disposed of. */
export class SetMaps implements Disposable {
  readonly #sets = new Map<string, Omit<OpenSet, 'name'>>();
  readonly #maps: Fd[] = [];

  /** Without places, nothing that is pinned is used. */
  constructor(private readonly places?: SetPlaces) {}

  /** By slot. */
  open(sets: TableSet[]): OpenSet[] {
    return sets.map((set) => {
      // Two lists may have the same content: one map, under either name.
      const open = this.#sets.get(set.digest) ?? this.#open(set);
      this.#sets.set(set.digest, open);
      return { name: set.name, ...open };
    });
  }

  #open({ name, digest, content }: TableSet): Omit<OpenSet, 'name'> {
    const { places } = this;
    return (
      (places &&
        (this.#pinned(places.pinPaths, name, { digest }) ?? this.#changed(places, name, digest, content))) ??
      this.#made(name, { digest }, content())
    );
  }

  /** What is pinned is believed by what is in it, not by its name. */
  #pinned(pinPaths: PinPaths, name: string, identity: SetIdentity): PinnedSet | undefined {
    const pin = pinName(identity);
    const map = openPin(pinPaths.set(name, pin));
    if (!map) return undefined;
    this.#maps.push(map);
    const head = readSetHead(map, SET_HEAD);
    return head && isSetOf(head, identity) ? { pin, map, bytes: mapInfo(map).valueSize } : undefined;
  }

  #made(name: string, identity: SetIdentity, ranges: AddressRanges): PinnedSet {
    const map = createSet(name, layOutSet(ranges, identity));
    this.#maps.push(map);
    return { pin: pinName(identity), map, bytes: mapInfo(map).valueSize };
  }

  /** A set of the list as it was, with what changes it: pinned already, or to be made. */
  #changed(
    places: SetPlaces,
    name: string,
    digest: string,
    content: TableSet['content'],
  ): Omit<OpenSet, 'name'> | undefined {
    const bases = this.#bases(places.pinPaths, name);
    for (const { base, set } of bases) {
      const delta = this.#pinned(places.pinPaths, name, { digest, base });
      if (delta) return { ...set, delta };
    }
    for (const { base, set } of bases) {
      const was = ifReadable(() => loadRanges(places.store, base));
      const changes = was && smallDifference(was, content());
      if (changes) return { ...set, delta: this.#made(name, { digest, base }, changes) };
    }
    return undefined;
  }

  /** The sets pinned for a list that are not deltas, by their digests. */
  #bases(pinPaths: PinPaths, name: string): { base: string; set: PinnedSet }[] {
    return listEntries(pinPaths.list(name)).flatMap(({ name: pin, kind }) => {
      const map = kind === 'pin' && openPin(pinPaths.set(name, pin));
      if (!map) return [];
      this.#maps.push(map);
      const head = readSetHead(map, SET_HEAD);
      const base = head && digestOf(head);
      if (base === undefined || pin !== pinName({ digest: base })) return [];
      return [{ base, set: { pin, map, bytes: mapInfo(map).valueSize } }];
    });
  }

  [Symbol.dispose](): void {
    for (const map of this.#maps) map[Symbol.dispose]();
  }
}

function smallDifference(was: AddressRanges, is: AddressRanges): AddressRanges | undefined {
  const ranges = countRanges(was);
  const most = ranges * SMALL_PART;
  if (ranges < LONG || Math.abs(countRanges(is) - ranges) > most) return undefined;
  const changes = differences(was, is);
  return countRanges(changes) <= most ? changes : undefined;
}
