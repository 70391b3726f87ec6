// Large sets of addresses are made once for all that ask for them: what is pinned already is used again, what is made in
// this pass serves all its interfaces. Nothing is pinned here.
import type { Fd } from '../kernel/fd.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { mapInfo, openPin } from '../kernel/pinned.js';
import { createSet, readSetHead } from '../kernel/sets.js';
import type { TableSet } from '../model/tables.js';
import { isSetOf, layOutSet, SET_HEAD, SET_LAYOUT } from '../policy/compile/set-layout.js';

export interface OpenSet {
  name: string;
  /** Name of its pin in the list's directory: content and layout. */
  pin: string;
  map: Fd;
  /** Of its value. */
  bytes: number;
}

/** Keeps what it opens until it is disposed of. */
export class SetMaps implements Disposable {
  readonly #sets = new Map<string, Omit<OpenSet, 'name'>>();
  readonly #maps: Fd[] = [];

  /** Without a layout, nothing that is pinned is used. */
  constructor(private readonly pinPaths?: PinPaths) {}

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
    const pin = `${digest.slice(0, 16)}-${SET_LAYOUT}`;
    const map = this.#pinned(name, pin, digest) ?? this.#keep(createSet(name, layOutSet(content(), digest)));
    return { pin, map, bytes: mapInfo(map).valueSize };
  }

  /** What is pinned is believed by what is in it, not by its name. */
  #pinned(name: string, pin: string, digest: string): Fd | undefined {
    const map = this.pinPaths && openPin(this.pinPaths.set(name, pin));
    if (!map) return undefined;
    const head = readSetHead(this.#keep(map), SET_HEAD);
    return head && isSetOf(head, digest) ? map : undefined;
  }

  #keep(map: Fd): Fd {
    this.#maps.push(map);
    return map;
  }

  [Symbol.dispose](): void {
    for (const map of this.#maps) map[Symbol.dispose]();
  }
}
