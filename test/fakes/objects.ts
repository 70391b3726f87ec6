// What the made-up kernel holds (kernel.ts), and how long: an object lives while a descriptor is open, a pin names it, it is
// attached, or something that lives uses it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectKind } from '../../src/kernel/pinned.js';
import type { Handle } from '../../src/kernel/pins.js';
import type { AttachMode } from '../../src/model/desired.js';
import type { MapShape } from '../../src/model/instance.js';

interface Program {
  kind: 'program';
  name: string;
  maps: number[];
}

interface BpfMap {
  kind: 'map';
  shape: MapShape;
  entries: unknown;
}

export interface Link {
  kind: 'link';
  programId: number;
  /** 0 once it is detached. */
  ifindex: number;
  mode: AttachMode;
  /** Of what records what leaves, and not of XDP. */
  isEgress?: true;
}

type Thing = (Program | BpfMap | Link) & { id: number };
type Of<K extends ObjectKind> = Extract<Thing, { kind: K }>;
export type Descriptor = Pick<Handle, 'number'>;

export class Objects {
  readonly #things = new Map<number, Thing>();
  /** Descriptor -> what it is of. */
  readonly #open = new Map<number, number>();
  #next = 100;

  /** `folder`: where pins lie. `attached`: programs that are attached without a link. */
  constructor(
    private readonly folder: string,
    private readonly attached: () => number[],
  ) {}

  /** Its id. */
  add(thing: Program | BpfMap | Link): number {
    const id = this.#next++;
    this.#things.set(id, { ...thing, id });
    return id;
  }

  open(id: number): Handle {
    const number = this.#next++;
    this.#open.set(number, id);
    return { number, [Symbol.dispose]: () => void this.#open.delete(number) };
  }

  /** `undefined` when it is gone. */
  openLiving(id: number): Handle | undefined {
    return this.#things.has(id) && this.#lives(id) ? this.open(id) : undefined;
  }

  /** Open descriptors. */
  get count(): number {
    return this.#open.size;
  }

  idOf({ number }: Descriptor): number {
    const id = this.#open.get(number);
    if (id === undefined) throw new Error(`descriptor ${number} is closed`);
    return id;
  }

  kindOf(descriptor: Descriptor): ObjectKind {
    const thing = this.#things.get(this.idOf(descriptor));
    if (!thing) throw new Error('a descriptor of nothing');
    return thing.kind;
  }

  byId<K extends ObjectKind>(id: number, kind: K): Of<K> {
    const thing = this.#things.get(id);
    if (thing?.kind !== kind) throw new Error(`${id} is no ${kind}`);
    return thing as Of<K>;
  }

  behind<K extends ObjectKind>(descriptor: Descriptor, kind: K): Of<K> {
    return this.byId(this.idOf(descriptor), kind);
  }

  linksOn(ifindex: number): Of<'link'>[] {
    return [...this.#things.values()].filter(
      (one): one is Of<'link'> =>
        one.kind === 'link' && !one.isEgress && one.ifindex === ifindex && this.#isHeld(one.id),
    );
  }

  #isHeld(id: number): boolean {
    return [...this.#open.values(), ...allPinned(this.folder)].includes(id);
  }

  #lives(id: number): boolean {
    if (this.#isHeld(id) || this.attached().includes(id)) return true;
    return [...this.#things.values()].some((one) => {
      if (one.kind === 'map') return false;
      const uses = one.kind === 'link' ? one.programId === id && one.ifindex !== 0 : one.maps.includes(id);
      return uses && this.#lives(one.id);
    });
  }
}

/** What a file stands for. */
export function pinned(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function allPinned(folder: string): number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? (pinned(join(entry.parentPath, entry.name)) ?? []) : [],
  );
}
