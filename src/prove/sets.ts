// Large sets of addresses are made once for all that ask for them: what is pinned already is used again, what is made in
// this pass serves all its interfaces. Nothing is pinned here.
import type { Fd } from '../kernel/fd.js';
import type { Layout } from '../kernel/layout.js';
import { mapInfo, openPin } from '../kernel/pinned.js';
import { createSet, readSet } from '../kernel/sets.js';
import type { TableSet } from '../model/tables.js';
import { isSetOf, layOutSet, SET_LAYOUT } from '../policy/set-layout.js';

export interface OpenSet {
  name: string;
  /** Name of its pin in the list's directory: content and layout. */
  pin: string;
  map: Fd;
  /** Of its value. */
  bytes: number;
}

function pinName(digest: string): string {
  return `${digest.slice(0, 16)}-${SET_LAYOUT}`;
}

/** Keeps what it opens until it is disposed of. */
export class SetMaps implements Disposable {
  readonly #open = new Map<string, OpenSet>();

  /** Without a layout, nothing that is pinned is used. */
  constructor(private readonly layout?: Layout) {}

  /** By slot. */
  open(sets: TableSet[]): OpenSet[] {
    return sets.map((set) => {
      const known = this.#open.get(set.digest);
      // Two lists may have the same content: one map, under either name.
      if (known) return { ...known, name: set.name };
      const pin = pinName(set.digest);
      const map = this.#pinned(set, pin) ?? createSet(set.name, layOutSet(set.content(), set.digest));
      const open = { name: set.name, pin, map, bytes: mapInfo(map).valueSize };
      this.#open.set(set.digest, open);
      return open;
    });
  }

  /** What is pinned is believed by what is in it, not by its name. */
  #pinned({ name, digest }: TableSet, pin: string): Fd | undefined {
    const map = this.layout && openPin(this.layout.set(name, pin));
    if (!map) return undefined;
    const value = readSet(map);
    if (value && isSetOf(value, digest)) return map;
    map[Symbol.dispose]();
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const { map } of this.#open.values()) map[Symbol.dispose]();
  }
}
