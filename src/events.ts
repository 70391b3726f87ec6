// Sampled packets as they come: the ring buffer of the instances that run, with names put to its numbers. Only pins are read,
// so that a pass is never waited for. The buffer has one reading position: one reader at a time, and what it takes is gone.
import { readRows } from './kernel/counters.js';
import type { Fd } from './kernel/fd.js';
import { tryLockFolder } from './kernel/flock.js';
import { layout, type Layout } from './kernel/layout.js';
import { writeEntry } from './kernel/map-write.js';
import { openMap } from './kernel/pinned.js';
import { readLost, RingReader, SAMPLES, SAMPLING, TAP } from './kernel/samples.js';
import { LockedError } from './model/errors.js';
import { type OwnedInterface, runningInstance } from './model/observed.js';
import { type Sample, type SeenPacket, XDP_ACTIONS } from './model/sample.js';
import { RunningPolicies } from './running-policies.js';

/** Milliseconds between two looks at what is attached. */
const LOOK_AGAIN = 1000;
/** ns that the datapath watches on when nobody says it again. */
const WATCH = 3_000_000_000n;

/** Samples that were lost because the buffer was full. */
export interface Lost {
  interface: string;
  samples: number;
}

export interface Caught {
  packets: SeenPacket[];
  lost: Lost[];
}

interface Named {
  name: string;
  /** Slot -> row. */
  rows: Map<number, string>;
}

interface Losing {
  interface: string;
  map: Fd;
  known: bigint;
}

export interface Wish {
  /** The interface whose packets are wanted; all of them when absent. */
  interface?: string;
  /** Instead of the sampled packets those that are watched: struct tap of bpf/tap.h, until a time of the monotonic clock. */
  tap?: (until: bigint) => Uint8Array;
}

/** Takes what comes from now on. Throws a LockedError while somebody else does, a UsageError when nothing can come. */
export class EventReader implements Disposable {
  readonly #paths: Layout;
  readonly #lock: Fd;
  readonly #rings = new Map<number, RingReader>();
  readonly #taps: Fd[] = [];
  readonly #losing = new Map<number, Losing>();
  readonly #running: RunningPolicies;
  #names = new Map<number, Named>();
  #looked = 0;

  constructor(
    bpffs: string,
    private readonly wish: Wish = {},
  ) {
    const { interface: only } = wish;
    this.#paths = layout(bpffs);
    new RunningPolicies(bpffs, only); // is it one that can be listened to?
    this.#running = new RunningPolicies(bpffs);
    this.#lock = lockReading(this.#paths.root);
    try {
      this.#look();
      for (const ring of this.#rings.values()) ring.take(); // of before anybody asked
      for (const one of this.#losing.values()) one.known = readLost(one.map);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Interfaces that are listened to. */
  get interfaces(): string[] {
    return [...this.#names.values()].map(({ name }) => name).filter((name) => this.#isWanted(name));
  }

  /** What came since the last time, in the order of its time. */
  take(): Caught {
    if (performance.now() - this.#looked > LOOK_AGAIN) this.#look();
    const isWatching = this.wish.tap !== undefined;
    const samples = [...this.#rings.values()]
      .flatMap((ring) => ring.take())
      .filter(({ watched }) => watched === isWatching);
    if (samples.some((sample) => this.#rowOf(sample) === undefined)) this.#look();
    const packets = samples
      .map((sample) => this.#name(sample))
      .filter((packet) => this.#isWanted(packet.interface))
      .sort((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)));
    return { packets, lost: this.#lost() };
  }

  [Symbol.dispose](): void {
    for (const ring of this.#rings.values()) ring[Symbol.dispose]();
    for (const { map } of this.#losing.values()) map[Symbol.dispose]();
    this.#arm(0n);
    for (const tap of this.#taps) tap[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }

  #isWanted(name: string): boolean {
    return this.wish.interface === undefined || this.wish.interface === name;
  }

  #rowOf({ ifindex, slot }: Sample): string | undefined {
    return this.#names.get(ifindex)?.rows.get(slot);
  }

  #name(sample: Sample): SeenPacket {
    const { time, ifindex, slot, verdict, fate, length, frame } = sample;
    const action = (number: number): string => XDP_ACTIONS[number] ?? `action ${number}`;
    return {
      time,
      interface: this.#names.get(ifindex)?.name ?? `ifindex ${ifindex}`,
      rule: this.#rowOf(sample) ?? `slot ${slot}`,
      verdict: action(verdict),
      ...(fate !== verdict && { fate: action(fate) }),
      length,
      frame,
    };
  }

  #lost(): Lost[] {
    const lost: Lost[] = [];
    for (const one of this.#losing.values()) {
      const now = readLost(one.map);
      if (now > one.known && this.#isWanted(one.interface))
        lost.push({ interface: one.interface, samples: Number(now - one.known) });
      one.known = now;
    }
    return lost;
  }

  #look(): void {
    this.#looked = performance.now();
    const running = this.#running.look();
    if (running) this.#use(running);
    this.#arm(process.hrtime.bigint() + WATCH);
  }

  /** For a little longer than until the next look: when nobody looks any more, it ends by itself. */
  #arm(until: bigint): void {
    const { tap } = this.wish;
    if (tap) for (const map of this.#taps) writeEntry(map.number, TAP, 0, tap(until));
  }

  #use(running: OwnedInterface[]): void {
    for (const tap of this.#taps.splice(0)) tap[Symbol.dispose]();
    this.#names = new Map(running.flatMap((one) => this.#namesOf(one)));
    for (const { name, id, map } of running.flatMap(mapsOf)) {
      if (map === SAMPLES && !this.#rings.has(id)) this.#addRing(id);
      if (map === SAMPLING && !this.#losing.has(id)) this.#addLosing(id, name);
      if (map === TAP && this.#isWanted(name)) this.#addTap(id);
    }
  }

  #namesOf({ name, link }: OwnedInterface): [number, Named][] {
    if (!link) return [];
    const rows = readRows(this.#paths, name).map(({ slot, row }) => [slot, row] as const);
    return [[link.ifindex, { name, rows: new Map(rows) }]];
  }

  #addRing(id: number): void {
    using map = openMap(id);
    if (map) this.#rings.set(id, new RingReader(map));
  }

  #addTap(id: number): void {
    const map = openMap(id);
    if (map) this.#taps.push(map);
  }

  #addLosing(id: number, name: string): void {
    const map = openMap(id);
    if (map) this.#losing.set(id, { interface: name, map, known: 0n });
  }
}

/** The maps about sampling of what runs on an interface. */
function mapsOf(owned: OwnedInterface): { name: string; id: number; map: string }[] {
  const maps = runningInstance(owned)?.maps ?? [];
  return maps
    .filter(({ name }) => [SAMPLES, SAMPLING, TAP].includes(name))
    .map((map) => ({ name: owned.name, id: map.id, map: map.name }));
}

function lockReading(root: string): Fd {
  const attempt = tryLockFolder(root);
  if ('fd' in attempt) return attempt.fd;
  const holder = attempt.heldBy === undefined ? 'another process' : `process ${attempt.heldBy}`;
  throw new LockedError(`the events are being read already: by ${holder}`, {
    hint: 'Each sampled packet is handed out once. End the other reader, or have it write a file: --write.',
  });
}
