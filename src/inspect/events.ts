// Reads sampled packets from the ring buffer of the running instances and puts names to their numbers. It reads pins only,
// so it never waits for a pass. The buffer has one consumer position: one reader at a time, and what it reads is gone.
import { readRows } from '../kernel/counters.js';
import type { Fd } from '../kernel/fd.js';
import { tryLockFolder } from '../kernel/flock.js';
import { pinPathsOf, type PinPaths, TAP } from '../kernel/pin-paths.js';
import { writeEntry } from '../kernel/map-write.js';
import { openMap } from '../kernel/pinned.js';
import { readLost, RingReader, SAMPLES, SAMPLING } from '../kernel/samples.js';
import { LockedError } from '../model/errors.js';
import { readsIpFirst } from '../diff/no-ethernet.js';
import { type OwnedInterface, runningInstance } from '../model/observed.js';
import { notesOf, type RuleNotes } from '../model/rule-notes.js';
import { FATES, type Sample, SAYS_COUNT, SAYS_NEXT, type SeenPacket } from '../model/sample.js';
import { behindEthernet } from '../policy/packet/no-ethernet.js';
import { RunningPolicies } from './running-policies.js';
import { RunningPrograms } from './running-programs.js';

/** What rules say that decide nothing. */
const SAID: Partial<Record<number, string>> = { [SAYS_COUNT]: 'count', [SAYS_NEXT]: 'next' };

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
  /** Row -> what people say of that rule, of those of which they say something. */
  notes: Map<string, RuleNotes>;
  /** Its packets begin with the IP header. */
  noEthernet: boolean;
}

interface Ring {
  reader: RingReader;
  /** Nothing that runs writes into it any more: closed as soon as it is empty. */
  isLeft: boolean;
}

interface Losing {
  interface: string;
  /** Absent once the instance is gone; what is known of it stays, for it may come back. */
  map?: Fd;
  known: bigint;
  /** It does not run any more: asked once more, then closed, so that the kernel can free it. */
  isLeft: boolean;
}

export interface StreamFilter {
  /** The interface whose packets are wanted; all of them when absent. */
  interface?: string;
  /** Instead of the sampled packets those that are watched: struct tap of bpf/tap.h, until a time of the monotonic clock. */
  tap?: (until: bigint) => Uint8Array;
  /** The data directory, where what people say of the rules is wanted too. */
  notesOf?: string;
}

/** Takes what comes from now on. Throws a LockedError while somebody else does, a UsageError when nothing can come. */
export class EventReader implements Disposable {
  readonly #paths: PinPaths;
  readonly #lock: Fd;
  readonly #rings = new Map<number, Ring>();
  readonly #taps: Fd[] = [];
  readonly #losing = new Map<number, Losing>();
  readonly #running: RunningPolicies;
  #names = new Map<number, Named>();
  #looked = 0;

  constructor(
    bpffs: string,
    private readonly filter: StreamFilter = {},
  ) {
    const { interface: only } = filter;
    this.#paths = pinPathsOf(bpffs);
    new RunningPolicies(bpffs, only); // is it one that can be listened to?
    this.#running = new RunningPolicies(bpffs);
    this.#lock = lockReading(this.#paths.interfaces);
    try {
      this.#look();
      this.#samples(); // of before anybody asked
      this.#lost();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Interfaces that are listened to. */
  get interfaces(): string[] {
    return [...this.#names.values()].map(({ name }) => name).filter((name) => this.#isWanted(name));
  }

  /** Names of their rules and built-in rows. */
  get rules(): Set<string> {
    const wanted = [...this.#names.values()].filter(({ name }) => this.#isWanted(name));
    return new Set(wanted.flatMap(({ rows }) => [...rows.values()]));
  }

  /** What came since the last time, in the order of its time. */
  take(): Caught {
    if (performance.now() - this.#looked > LOOK_AGAIN) this.#look();
    const isWatching = this.filter.tap !== undefined;
    const samples = this.#samples().filter(({ watched }) => watched === isWatching);
    if (samples.some((sample) => this.#rowOf(sample) === undefined)) this.#look();
    const packets = samples
      .map((sample) => this.#name(sample))
      .filter((packet) => this.#isWanted(packet.interface))
      .sort((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)));
    return { packets, lost: this.#lost() };
  }

  [Symbol.dispose](): void {
    for (const { reader } of this.#rings.values()) reader[Symbol.dispose]();
    for (const { map } of this.#losing.values()) map?.[Symbol.dispose]();
    this.#arm(0n);
    for (const tap of this.#taps) tap[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }

  #isWanted(name: string): boolean {
    return this.filter.interface === undefined || this.filter.interface === name;
  }

  #rowOf({ ifindex, slot }: Sample): string | undefined {
    return this.#names.get(ifindex)?.rows.get(slot);
  }

  #name(sample: Sample): SeenPacket {
    const { time, ifindex, slot, verdict, fate, connection, length, frame } = sample;
    const row = this.#rowOf(sample);
    const notes = row === undefined ? undefined : this.#names.get(ifindex)?.notes.get(row);
    const action = (number: number): string => SAID[number] ?? FATES[number] ?? `action ${number}`;
    return {
      time,
      interface: this.#names.get(ifindex)?.name ?? `ifindex ${ifindex}`,
      rule: row ?? `slot ${slot}`,
      ...(notes && { notes }),
      verdict: action(verdict),
      ...(fate !== verdict && { fate: action(fate) }),
      ...(connection && { connection }),
      ...(this.#names.get(ifindex)?.noEthernet ? behindEthernet(frame, length) : { length, frame }),
    };
  }

  #samples(): Sample[] {
    return [...this.#rings].flatMap(([id, { reader, isLeft }]) => {
      const samples = reader.take();
      if (isLeft && samples.length === 0) {
        reader[Symbol.dispose]();
        this.#rings.delete(id);
      }
      return samples;
    });
  }

  #lost(): Lost[] {
    const lost: Lost[] = [];
    for (const one of this.#losing.values()) {
      if (!one.map) continue;
      const now = readLost(one.map);
      if (now > one.known && this.#isWanted(one.interface))
        lost.push({ interface: one.interface, samples: Number(now - one.known) });
      one.known = now;
      if (!one.isLeft) continue;
      one.map[Symbol.dispose]();
      delete one.map;
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
    const { tap } = this.filter;
    if (tap) for (const map of this.#taps) writeEntry(map.number, TAP, 0, tap(until));
  }

  #use(running: OwnedInterface[]): void {
    for (const tap of this.#taps.splice(0)) tap[Symbol.dispose]();
    const { notesOf: dataDir } = this.filter;
    const programs = dataDir === undefined ? undefined : new RunningPrograms(dataDir);
    this.#names = new Map(running.flatMap((one) => this.#namesOf(one, programs)));
    for (const one of [...this.#rings.values(), ...this.#losing.values()]) one.isLeft = true;
    for (const { name, id, map } of running.flatMap(mapsOf)) {
      if (map === SAMPLES) this.#keepRing(id);
      if (map === SAMPLING) this.#keepLosing(id, name);
      if (map === TAP && this.#isWanted(name)) this.#addTap(id);
    }
  }

  #namesOf(owned: OwnedInterface, programs: RunningPrograms | undefined): [number, Named][] {
    const { name, link } = owned;
    if (!link) return [];
    const rows = readRows(this.#paths, name).map(({ slot, row }) => [slot, row] as const);
    const digest = runningInstance(owned)?.digest ?? '';
    const rules = programs?.firewall(digest)?.policy.rules ?? [];
    const notes = rules.map((rule) => [rule.name, notesOf(rule)] as const);
    const told = new Map(notes.filter(([, said]) => Object.keys(said).length > 0));
    return [[link.ifindex, { name, rows: new Map(rows), notes: told, noEthernet: readsIpFirst(digest) }]];
  }

  #keepRing(id: number): void {
    const known = this.#rings.get(id);
    using map = known ? undefined : openMap(id);
    const reader = known?.reader ?? (map && new RingReader(map));
    if (reader) this.#rings.set(id, { reader, isLeft: false });
  }

  #addTap(id: number): void {
    const map = openMap(id);
    if (map) this.#taps.push(map);
  }

  #keepLosing(id: number, name: string): void {
    const { map = openMap(id), known = 0n } = this.#losing.get(id) ?? {};
    if (map) this.#losing.set(id, { interface: name, map, known, isLeft: false });
  }
}

/** The maps about sampling of what runs on an interface. */
function mapsOf(owned: OwnedInterface): { name: string; id: number; map: string }[] {
  const maps = runningInstance(owned)?.maps ?? [];
  return maps
    .filter(({ name }) => [SAMPLES, SAMPLING, TAP].includes(name))
    .map((map) => ({ name: owned.name, id: map.id, map: map.name }));
}

/** Not the folder above, which an emergency rollback locks: somebody who only looks must never be in its way. */
function lockReading(interfaces: string): Fd {
  const attempt = tryLockFolder(interfaces);
  if ('fd' in attempt) return attempt.fd;
  const holder = attempt.heldBy === undefined ? 'another process' : `process ${attempt.heldBy}`;
  throw new LockedError(`the events are being read already: by ${holder}`, {
    hint: 'Each sampled packet is handed out once. End the other reader, or have it write a file: --write.',
  });
}
