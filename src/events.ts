// Sampled packets as they come: the ring buffer of the instances that run, with names put to its numbers. Only pins are read,
// so that a pass is never waited for. The buffer has one reading position: one reader at a time, and what it takes is gone.
import { join } from 'node:path';
import { lstatSync } from 'node:fs';
import { readRows } from './kernel/counters.js';
import type { Fd } from './kernel/fd.js';
import { tryLockFolder } from './kernel/flock.js';
import { layout, type Layout } from './kernel/layout.js';
import { openMap } from './kernel/pinned.js';
import { readLost, RingReader, SAMPLES, SAMPLING } from './kernel/samples.js';
import { LockedError, UsageError } from './model/errors.js';
import { type OwnedInterface, runningInstance, runsPolicy } from './model/observed.js';
import { type Sample, type SeenPacket, XDP_ACTIONS } from './model/sample.js';
import { readOwned } from './observe/owned.js';

/** Milliseconds between two looks at what is attached. */
const LOOK_AGAIN = 1000;

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

/** Takes what comes from now on. Throws a LockedError while somebody else does, a UsageError when nothing can come. */
export class EventReader implements Disposable {
  readonly #paths: Layout;
  readonly #lock: Fd;
  readonly #rings = new Map<number, RingReader>();
  readonly #losing = new Map<number, Losing>();
  #names = new Map<number, Named>();
  #seen = '';
  #looked = 0;

  /** `only`: the interface whose packets are wanted. */
  constructor(
    private readonly bpffs: string,
    private readonly only?: string,
  ) {
    this.#paths = layout(bpffs);
    const running = policies(bpffs);
    if (running.length === 0 || (only !== undefined && !running.some(({ name }) => name === only))) {
      throw new UsageError(
        only === undefined ? 'no interface runs a policy' : `interface ${only} runs no policy of ours`,
        { hint: `These do: ${running.map(({ name }) => name).join(', ') || 'none'}.` },
      );
    }
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
    const samples = [...this.#rings.values()].flatMap((ring) => ring.take());
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
    this.#lock[Symbol.dispose]();
  }

  #isWanted(name: string): boolean {
    return this.only === undefined || this.only === name;
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

  /** Looks what is attached now; the directories of the pins say whether anything changed. */
  #look(): void {
    this.#looked = performance.now();
    const running = policies(this.bpffs);
    const seen = running.map((one) => this.#stateOf(one)).join();
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#names = new Map(running.flatMap((one) => this.#namesOf(one)));
    for (const { name, id, map } of running.flatMap(mapsOf)) {
      if (map === SAMPLES && !this.#rings.has(id)) this.#addRing(id);
      if (map === SAMPLING && !this.#losing.has(id)) this.#addLosing(id, name);
    }
  }

  #stateOf({ name, link }: OwnedInterface): string {
    const changed = (path: string): string =>
      String(lstatSync(path, { throwIfNoEntry: false, bigint: true })?.mtimeNs ?? 0);
    return [name, link?.ifindex, link?.programId, changed(this.#paths.rows(name))].join(' ');
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

  #addLosing(id: number, name: string): void {
    const map = openMap(id);
    if (map) this.#losing.set(id, { interface: name, map, known: 0n });
  }
}

function policies(bpffs: string): OwnedInterface[] {
  return readOwned(bpffs).filter(runsPolicy);
}

/** The maps about sampling of what runs on an interface. */
function mapsOf(owned: OwnedInterface): { name: string; id: number; map: string }[] {
  const maps = runningInstance(owned)?.maps ?? [];
  return maps
    .filter(({ name }) => name === SAMPLES || name === SAMPLING)
    .map((map) => ({ name: owned.name, id: map.id, map: map.name }));
}

function lockReading(root: string): Fd {
  const attempt = tryLockFolder(join(root));
  if ('fd' in attempt) return attempt.fd;
  const holder = attempt.heldBy === undefined ? 'another process' : `process ${attempt.heldBy}`;
  throw new LockedError(`the events are being read already: by ${holder}`, {
    hint: 'Each sampled packet is handed out once. End the other reader, or have it write a file: --write.',
  });
}
