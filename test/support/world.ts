// One lab that is walked from state to state, and everything that must be true of it in each: what the kernel runs on
// the interface, what is pinned, what becomes of a packet, what the journal says.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { JournalContents } from '../../src/journal/chain.js';
import { openIntents } from '../../src/journal/intents.js';
import { readJournal } from '../../src/journal/read.js';
import type { History } from '../../src/model/history.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { readOwned } from '../../src/observe/owned.js';
import { createLab, type Lab } from '../lab.js';
import { finish, type Finished, must, within } from '../lab/exec.js';
import { document, ownProgram, writeHost } from './host.js';
import { pass } from './pass.js';
import type { Point, RoundTrip, State } from './transitions.js';

/** Seconds. A ping that is answered comes back at once; only one that is dropped waits for as long. */
const PATIENCE = { answered: '30', dropped: '0.05' };

const OUTCOMES = ['done', 'undone', 'failed', 'open'] as const;

export class World implements AsyncDisposable {
  /** Where the last case ended; absent when it failed. */
  #at: State | undefined;
  /** What veth0 is called now. */
  #device = 'veth0';
  /** Packets that our programs have dropped, while their maps are carried over. */
  #drops = 0;
  /** Program -> its map `icmp_drops`. */
  readonly #counters = new Map<number, number>();

  private constructor(
    readonly lab: Lab,
    private readonly trip: RoundTrip,
    private readonly stranger: number | undefined,
  ) {}

  /** In the first state of the round trip. */
  static async create(trip: RoundTrip): Promise<World> {
    const lab = await createLab();
    try {
      lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
      const stranger = trip.foreign ? await lab.attachForeign('veth0', 'xdpgeneric') : undefined;
      // Nothing but the attachment holds it: whoever loses it loses it for good.
      rmSync(join(lab.bpffs, 'foreign_veth0'), { force: true });
      const world = new World(lab, trip, stranger);
      await world.reach(trip.there.from);
      return world;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Reconciles to a state, if that is not where the world is. */
  async reach(state: State): Promise<void> {
    if (this.#at === state) return;
    await this.reconcile(state);
    await this.arrive(state);
  }

  /** One reconcile towards a state, with a failpoint if one is given. */
  async run(state: State, failpoint?: string, ...args: string[]): Promise<Finished> {
    await this.#rename(state.device ?? 'veth0');
    writeHost(this.lab, state.interfaces);
    this.#at = undefined;
    const env = failpoint === undefined ? {} : { XDPKEEP_FAILPOINT: failpoint };
    return this.lab.run(['reconcile', '--allow-prune-all', '--output', 'json', ...args], { env });
  }

  async reconcile(state: State, failpoint?: string): Promise<Reconciliation> {
    return document(await this.run(state, failpoint), 0);
  }

  /** A run that ends at a failpoint. */
  async kill(state: State, point: Point, ...args: string[]): Promise<void> {
    const killed = await this.run(state, point, ...args);
    expect(killed, 'the failpoint must strike').toMatchObject({ signal: 'SIGKILL', stdout: '' });
  }

  /** One more `reconcile --retry` towards the same state, in this process: no start-up to wait for. */
  pass(): Promise<Reconciliation> {
    return pass(this.lab, { retry: true, allowPrune: true });
  }

  /** Looks whether the world is in a state, whole and with nothing beside it. */
  async arrive(state: State): Promise<void> {
    await this.check(state);
    expect(this.pins(), 'pins').toEqual(state.pins);
    this.#at = state;
  }

  /** Looks at what runs alone: pins of another instance may be there. */
  async check({ runs }: State): Promise<void> {
    const { xdp } = await this.lab.netShow();
    if (!runs) {
      expect(xdp, 'bpftool net show').toEqual([]);
      expect(await this.#answered('answered'), 'a ping is answered').toBe(true);
      return;
    }
    expect(xdp, 'bpftool net show').toMatchObject([{ devname: this.#device, mode: runs.mode }]);
    const id = xdp[0]?.id ?? 0;
    if (runs.whose === 'foreign') expect(id, 'the foreign program').toBe(this.stranger);
    const map = await this.#counter(id, runs.name);
    const before = await this.#counted(map);
    if (this.trip.carries) expect(before, 'the carried count').toBe(this.#drops);
    expect(await this.#answered('dropped'), 'a ping is dropped').toBe(false);
    expect(await this.#counted(map), 'the dropped ping is counted').toBe(before + 1);
    this.#drops = before + 1;
  }

  /** Sound, or the test fails. */
  journal(): JournalContents {
    const contents = readJournal(this.lab.dataDir);
    expect(contents.damage).toBeUndefined();
    expect(contents.torn).toBeUndefined();
    return contents;
  }

  openIntents() {
    return openIntents(this.journal().records);
  }

  /** The outcomes that the history tells, which must be those of the journal, one for every intent. */
  async history(): Promise<Record<(typeof OUTCOMES)[number], number>> {
    expect(await this.lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
    const { generations } = document<History>(await this.lab.run(['history', '--output', 'json']), 0);
    const told = generations.flatMap(({ interfaces }) => interfaces);
    expect(told.filter(({ name }) => name !== 'veth0' && name !== 'wan0')).toEqual([]);
    const counts = { done: 0, undone: 0, failed: 0, open: 0 };
    for (const one of told) for (const outcome of OUTCOMES) counts[outcome] += one[outcome];
    const { records } = this.journal();
    const count = (phase: string) => records.filter((record) => record.phase === phase).length;
    expect(counts).toMatchObject({ done: count('done'), undone: count('undone'), failed: count('failed') });
    expect(counts.done + counts.undone + counts.failed + counts.open).toBe(count('intent'));
    return counts;
  }

  pins(): string[] {
    const root = join(this.lab.bpffs, 'xdpkeep');
    if (!existsSync(root)) return [];
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .map((path) => path.replace(/\/[0-9a-f]{8,}\//, '/<digest>/'))
      .sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }

  /** As an operator or udev does it: the interface has to be down meanwhile. */
  async #rename(name: string): Promise<void> {
    if (name === this.#device) return;
    await this.lab.exec('ip', 'link', 'set', this.#device, 'down');
    await this.lab.exec('ip', 'link', 'set', this.#device, 'name', name, 'up');
    this.#device = name;
  }

  async #answered(expected: keyof typeof PATIENCE): Promise<boolean> {
    const { network } = this.lab;
    const ping = ['ping', '-n', '-q', '-c', '1', '-W', PATIENCE[expected], this.lab.pair('veth0').address];
    return (await finish(...within(network.outside, ping))).exitCode === 0;
  }

  /** Id of the map `icmp_drops` of a program, which must have this name. */
  async #counter(program: number, name: string): Promise<number> {
    const known = this.#counters.get(program);
    if (known !== undefined) return known;
    const shown = await ask<{ name: string; map_ids: number[] }>('prog', 'show', 'id', String(program));
    expect(shown.name, 'the program on the interface').toBe(name);
    const maps = await ask<{ id: number; name?: string }[]>('map', 'show');
    const map = maps.find((one) => shown.map_ids.includes(one.id) && one.name === 'icmp_drops')?.id ?? 0;
    this.#counters.set(program, map);
    return map;
  }

  async #counted(map: number): Promise<number> {
    const [entry] = await ask<{ formatted: { value: number } }[]>('map', 'dump', 'id', String(map));
    return entry?.formatted.value ?? NaN;
  }
}

/** Everything that a pass without work, or one that refuses to work, must leave as it is. */
export async function snapshot(lab: Lab): Promise<unknown> {
  return {
    xdp: (await lab.netShow()).xdp,
    owned: readOwned(lab.bpffs),
    journal: readFileSync(join(lab.dataDir, 'journal.ndjson'), 'utf8'),
    generations: readdirSync(join(lab.dataDir, 'generations')).sort(),
  };
}

async function ask<T>(...args: string[]): Promise<T> {
  return JSON.parse(await must('bpftool', ['-j', ...args])) as T;
}
