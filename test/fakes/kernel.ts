// A kernel that is made up: programs, maps and links are entries of a table, pins are files of a folder that hold a number. It
// knows what the executor counts on: who is refused and with which error, what lives as long as what, compare-and-swap. It
// proves nothing about packets, the verifier, drivers, races with others, or what a pin costs; and where Linux does otherwise,
// it is wrong: the scenarios on a real kernel say what is true.
import { rmSync, writeFileSync } from 'node:fs';
import { NativeRefusedError } from '../../src/kernel/attach.js';
import { bootId } from '../../src/kernel/boot.js';
import { netnsInode } from '../../src/kernel/interfaces.js';
import { pinPathsOf } from '../../src/kernel/pin-paths.js';
import type { LinkInfo, ObjectKind } from '../../src/kernel/pinned.js';
import type { BpfObjects, Handle, Pins } from '../../src/kernel/pins.js';
import type { BlockEntry } from '../../src/model/blocks.js';
import { type Lives, LIVES } from '../../src/model/connections.js';
import type { AttachMode } from '../../src/model/desired.js';
import { KernelError } from '../../src/model/errors.js';
import type { MapDefinition, MapShape } from '../../src/model/instance.js';
import type { ObservedState, XdpAttachment } from '../../src/model/observed.js';
import { readPinned } from '../../src/observe/owned.js';
import type { LoadedObject } from '../../src/prove/candidate.js';
import { type Descriptor, Objects, pinned } from './objects.js';

interface Interface {
  name: string;
  ifindex: number;
  /** The driver takes no program. */
  refusesNative: boolean;
  /** Mode -> program that was attached as `ip link` does. */
  netlink: Map<AttachMode, number>;
}

const SHAPE: MapShape = { type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 };
const ERRNO = { EPERM: 1, ENOENT: 2, EBUSY: 16, EEXIST: 17, ENODEV: 19, ENOLINK: 67, EOPNOTSUPP: 95 };

export class FakeKernel implements BpfObjects {
  readonly pins: Pins;
  readonly interfaces: Interface[] = [];
  /** Slots of counters that were emptied, in this order. */
  readonly zeroed: number[] = [];
  readonly #objects: Objects;
  #lives: Lives = LIVES;
  readonly #failures = new Map<keyof BpfObjects, Error>();

  /** `folder` is what the mount of a bpffs is elsewhere. */
  constructor(folder: string) {
    this.#objects = new Objects(folder, () =>
      this.interfaces.flatMap(({ netlink }) => [...netlink.values()]),
    );
    this.pins = { ...pinPathsOf(folder), objects: this };
  }

  addInterface(name: string, ifindex: number, refusesNative = false): void {
    this.interfaces.push({ name, ifindex, refusesNative, netlink: new Map() });
  }

  /** The next call of it fails so, once. */
  failOnce(call: keyof BpfObjects, error: Error): void {
    this.#failures.set(call, error);
  }

  /** A program of somebody else, attached as `ip link` does; its id. */
  attachForeign(ifindex: number, mode: AttachMode, name = 'foreign'): number {
    const id = this.#objects.add({ kind: 'program', name, maps: [] });
    this.#interface(ifindex).netlink.set(mode, id);
    return id;
  }

  /** A program of somebody else, attached by a link that this descriptor holds; ids of both. */
  linkForeign(ifindex: number, mode: AttachMode): { programId: number; linkId: number } {
    const programId = this.#objects.add({ kind: 'program', name: 'foreign', maps: [] });
    const linkId = this.#objects.add({ kind: 'link', programId, ifindex, mode });
    this.#objects.open(linkId);
    return { programId, linkId };
  }

  /** An interface gets another name. */
  rename(from: string, to: string): void {
    const found = this.interfaces.find(({ name }) => name === from);
    if (found) found.name = to;
  }

  /** An interface is deleted, which ends what was attached to it, and made again. */
  recreate(name: string, ifindex: number): void {
    const found = this.interfaces.find((one) => one.name === name);
    if (!found) return;
    for (const link of this.#objects.linksOn(found.ifindex)) link.ifindex = 0;
    found.ifindex = ifindex;
    found.netlink.clear();
  }

  /** Somebody removes the pin of our link: the kernel lets it go at once. */
  removeLink(name: string): void {
    rmSync(this.pins.link(name));
  }

  /** What the verifier took. `maps` are those of the object; the program lives by its pins and this. */
  load(name: string, maps: Partial<MapDefinition>[] = []): LoadedObject & { id: number } {
    const made = maps.map((map) => {
      const definition: MapDefinition = { ...SHAPE, name: 'map', internal: false, made: true, ...map };
      const { type, keySize, valueSize, maxEntries, flags, internal } = definition;
      const shape = { type, keySize, valueSize, maxEntries, flags };
      const held = internal
        ? undefined
        : this.#objects.open(this.#objects.add({ kind: 'map', shape, entries: [] }));
      return { definition, held };
    });
    const ids = made.flatMap(({ held }) => (held ? [this.#objects.idOf(held)] : []));
    const id = this.#objects.add({ kind: 'program', name, maps: ids });
    const program = this.#objects.open(id);
    return {
      id,
      maps: () => made.map(({ definition }) => definition),
      mapFd: (wanted) => {
        const found = made.find(({ definition }) => definition.name === wanted)?.held;
        if (!found) throw new Error(`the object has no map ${wanted}`);
        return found.number;
      },
      programFd: () => program.number,
      [Symbol.dispose]: () => {
        program[Symbol.dispose]();
        for (const { held } of made) held?.[Symbol.dispose]();
      },
    };
  }

  /** What bpftool and the pins would say. */
  observe(): ObservedState {
    const interfaces = this.interfaces.map(({ name, ifindex, netlink }) => {
      const byLink = this.#objects.linksOn(ifindex).map(({ id, mode, programId }): XdpAttachment => {
        return { mode, programId, programName: this.#objects.byId(programId, 'program').name, linkId: id };
      });
      const others = [...netlink].map(([mode, programId]): XdpAttachment => {
        return { mode, programId, programName: this.#objects.byId(programId, 'program').name };
      });
      return { name, ifindex, xdp: [...byLink, ...others], tc: [] };
    });
    return { boot: bootId(), netns: netnsInode(), interfaces, owned: readPinned(this.pins) };
  }

  /** The content of a map of blocks. */
  blocksOf(id: number): unknown {
    return this.#objects.byId(id, 'map').entries;
  }

  /** How many descriptors are open: what was opened for a step must be closed after it. */
  get opened(): number {
    return this.#objects.count;
  }

  openPin(path: string): Handle | undefined {
    this.#mayFail('openPin');
    const id = pinned(path);
    return id === undefined ? undefined : this.#objects.open(id);
  }

  openProgram(id: number): Handle | undefined {
    return this.#objects.openLiving(id);
  }

  openMap(id: number): Handle | undefined {
    return this.#objects.openLiving(id);
  }

  openLink(id: number): Handle | undefined {
    return this.#objects.openLiving(id);
  }

  pin(fd: number, path: string): void {
    this.#mayFail('pin');
    writeFileSync(path, String(this.#objects.idOf({ number: fd })), { flag: 'wx' });
  }

  kindOf({ number }: Descriptor): ObjectKind {
    return this.#objects.kindOf({ number });
  }

  programId({ number }: Descriptor): number {
    return this.#objects.behind({ number }, 'program').id;
  }

  mapInfo({ number }: Descriptor): MapShape & { id: number } {
    const { id, shape } = this.#objects.behind({ number }, 'map');
    return { id, ...shape };
  }

  linkInfo({ number }: Descriptor): LinkInfo {
    const { id, programId, ifindex } = this.#objects.behind({ number }, 'link');
    return { id, programId, ifindex };
  }

  createLink(program: Descriptor, ifindex: number, mode: AttachMode): Handle {
    this.#mayFail('createLink');
    const { refusesNative, netlink } = this.#interface(ifindex);
    const links = this.#objects.linksOn(ifindex);
    if (netlink.size > 0 || links.some((link) => link.mode === mode)) throw refused('createLink', 'EBUSY');
    if (links.length > 0) throw refused('createLink', 'EEXIST');
    if (refusesNative && mode === 'native')
      throw new NativeRefusedError('attach XDP (native)', ERRNO.EOPNOTSUPP, 'EOPNOTSUPP', 'not supported');
    return this.#objects.open(
      this.#objects.add({ kind: 'link', programId: this.programId(program), ifindex, mode }),
    );
  }

  swapProgram({ number }: Descriptor, program: Descriptor, expected: Descriptor): void {
    this.#mayFail('swapProgram');
    const link = this.#objects.behind({ number }, 'link');
    if (link.ifindex === 0) throw refused('swapProgram', 'ENOLINK');
    if (link.programId !== this.programId(expected)) throw refused('swapProgram', 'EPERM');
    link.programId = this.programId(program);
  }

  detachLink({ number }: Descriptor): void {
    this.#mayFail('detachLink');
    this.#objects.behind({ number }, 'link').ifindex = 0;
  }

  attachedProgram(ifindex: number, mode: AttachMode): number {
    const link = this.#objects.linksOn(ifindex).find((one) => one.mode === mode);
    return link?.programId ?? this.#interface(ifindex).netlink.get(mode) ?? 0;
  }

  attachNetlink(ifindex: number, mode: AttachMode, program: Descriptor): void {
    this.#mayFail('attachNetlink');
    const { netlink } = this.#interface(ifindex);
    if (netlink.size > 0 || this.#objects.linksOn(ifindex).length > 0)
      throw refused('attachNetlink', 'EBUSY');
    netlink.set(mode, this.programId(program));
  }

  detachNetlink(ifindex: number, mode: AttachMode, expected: Descriptor): void {
    const { netlink } = this.#interface(ifindex);
    if (netlink.get(mode) !== this.programId(expected)) throw refused('detachNetlink', 'EEXIST');
    netlink.delete(mode);
  }

  zeroCounter(_counters: number, slot: number): void {
    this.zeroed.push(slot);
  }

  attachEgress(program: Descriptor, ifindex: number, path: string): void {
    this.#mayFail('attachEgress');
    this.#interface(ifindex);
    const link = { programId: this.programId(program), ifindex, mode: 'generic', isEgress: true } as const;
    using held = this.#objects.open(this.#objects.add({ kind: 'link', ...link }));
    this.pin(held.number, path);
  }

  egressInfo(pinned: Descriptor): LinkInfo {
    return this.linkInfo(pinned);
  }

  detachEgress(pinned: Descriptor): void {
    this.detachLink(pinned);
  }

  seedConnections(): void {
    // nothing asks what is in a table
  }

  carryConnections(): void {
    // likewise
  }

  readLives(): Lives {
    return this.#lives;
  }

  writeLives(_map: Descriptor, lives: Lives): void {
    this.#lives = lives;
  }

  openGrace(): void {
    // likewise
  }

  createBlockMap(): Handle {
    return this.#objects.open(this.#objects.add({ kind: 'map', shape: { ...SHAPE, type: 11 }, entries: [] }));
  }

  fillBlockMap({ number }: Descriptor, entries: readonly BlockEntry[]): void {
    this.#mayFail('fillBlockMap');
    this.#objects.behind({ number }, 'map').entries = entries;
  }

  #interface(ifindex: number): Interface {
    const found = this.interfaces.find((one) => one.ifindex === ifindex);
    if (!found) throw refused('interface', 'ENODEV');
    return found;
  }

  #mayFail(call: keyof BpfObjects): void {
    const failure = this.#failures.get(call);
    this.#failures.delete(call);
    if (failure) throw failure;
  }
}

function refused(call: string, code: keyof typeof ERRNO): KernelError {
  return new KernelError(call, ERRNO[code], code, 'the made-up kernel refuses');
}
