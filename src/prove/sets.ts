// Large sets of addresses are made once for all that ask for them: what is pinned already is used again, what is made in
// this pass serves all its interfaces. Nothing is pinned here.
import type { Fd } from '../kernel/fd.js';
import type { Layout } from '../kernel/layout.js';
import { mapInfo, openPin } from '../kernel/pinned.js';
import { createSet } from '../kernel/sets.js';
import type { TableSet } from '../model/tables.js';
import { layOutSet } from '../policy/set-layout.js';

export interface OpenSet {
  name: string;
  digest: string;
  map: Fd;
  /** Of its value. */
  bytes: number;
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
      const map = (this.layout && openPin(this.layout.set(set.name, set.digest))) ?? this.#make(set);
      const open = { name: set.name, digest: set.digest, map, bytes: mapInfo(map).valueSize };
      this.#open.set(set.digest, open);
      return open;
    });
  }

  #make({ name, content }: TableSet): Fd {
    return createSet(name, layOutSet(content()));
  }

  [Symbol.dispose](): void {
    for (const { map } of this.#open.values()) map[Symbol.dispose]();
  }
}
