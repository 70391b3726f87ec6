// A host with a kernel that is made up (kernel.ts) and a journal that is real, on a file system that is no bpffs: what is planned
// here is executed by the executor itself.
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { type Applied, apply, type ApplyContext, type OnTrial } from '../../src/apply/apply.js';
import { diff } from '../../src/diff/diff.js';
import { findRenames, withRename } from '../../src/diff/renames.js';
import { Journal } from '../../src/journal/journal.js';
import { withWriterLock, type WriterLock } from '../../src/journal/lock.js';
import type { DesiredInterface } from '../../src/model/desired.js';
import { XdpkeepError } from '../../src/model/errors.js';
import type { JournalRecord } from '../../src/model/record.js';
import type { Plan } from '../../src/model/step.js';
import { plan } from '../../src/plan/plan.js';
import type { Candidate } from '../../src/prove/candidate.js';
import { temporaryFolder } from '../journal/support.js';
import { desired, NOTHING_BEFORE } from '../support/states.js';
import { FakeKernel } from './kernel.js';
import { DEFINITION } from '../support/states.js';

/** What goes otherwise than by itself. */
interface Otherwise extends OnTrial, Partial<Pick<ApplyContext, 'proven'>> {
  observe?: ApplyContext['kernel']['observe'];
  restores?: boolean;
}

export class FakeHost {
  readonly #folder = temporaryFolder();
  readonly bpffs: string;
  readonly dataDir = join(this.#folder, 'data');
  readonly kernel: FakeKernel;
  /** What is loaded for the next plan, by interface, in place of a program with one map. */
  readonly candidates = new Map<string, Candidate>();

  /** `other`: one with the same kernel, that has lost its data directory. */
  constructor(other?: FakeHost) {
    this.bpffs = other?.bpffs ?? join(this.#folder, 'bpffs');
    mkdirSync(this.bpffs, { recursive: true });
    this.kernel = other?.kernel ?? new FakeKernel(this.bpffs);
  }

  locked<T>(work: (lock: WriterLock, journal: Journal) => Promise<T>): Promise<T> {
    return withWriterLock(this.dataDir, (lock) => work(lock, Journal.open(lock)));
  }

  /** As a pass would, with everything that was attached before attached from here. */
  plan(...wanted: DesiredInterface[]): Plan {
    const want = desired(...wanted);
    const found = this.kernel.observe();
    const renames = findRenames(want, found);
    const observed = renames.reduce(withRename, found);
    return plan(
      want,
      diff(want, observed),
      {
        observed,
        definitions: new Map(wanted.map(({ program }) => [program.digest, [DEFINITION]])),
        past: {
          ...NOTHING_BEFORE,
          attachedFrom: new Map(found.owned.map(({ name }) => [name, found.netns])),
        },
      },
      renames,
    );
  }

  /** Applies it as generation 1. */
  apply(planned: Plan, change: Otherwise = {}): Promise<Applied[]> {
    return this.locked((lock, journal) => this.applyWith(lock, { journal, generation: 1 }, planned, change));
  }

  async applyWith(
    lock: WriterLock,
    as: { journal: Journal; generation: number },
    planned: Plan,
    change: Otherwise = {},
  ): Promise<Applied[]> {
    const loaded = new Map<string, Candidate>();
    for (const { step } of planned.steps) {
      if (!('instance' in step) || step.instance.pinned) continue;
      const name = step.interface;
      loaded.set(
        name,
        this.candidates.get(name) ?? { object: this.kernel.load(step.instance.digest, [DEFINITION]) },
      );
    }
    const { restores = false, observe = () => Promise.resolve(this.kernel.observe()), ...trial } = change;
    const { proven = { loaded, failed: new Map<string, XdpkeepError>() } } = change;
    try {
      return await apply(lock, planned, {
        kernel: { pins: this.kernel.pins, observe },
        records: { ...as, restores },
        proven,
        trial,
      });
    } finally {
      for (const { object } of loaded.values()) object[Symbol.dispose]();
    }
  }

  /** Plans and applies; everything must be done. */
  async bring(...wanted: DesiredInterface[]): Promise<void> {
    const applied = await this.apply(this.plan(...wanted));
    const failed = applied.filter(({ outcome }) => outcome !== 'done');
    if (failed.length > 0) throw failed[0]?.error ?? new Error('it was not done');
  }

  records(): Promise<readonly JournalRecord[]> {
    return this.locked((_lock, journal) => Promise.resolve([...journal.records]));
  }

  /** `phase kind interface`, in the order of the journal. */
  async story(): Promise<string[]> {
    return (await this.records()).map(({ phase, step }) => {
      return [phase, step.kind, ...('interface' in step ? [step.interface] : [])].join(' ');
    });
  }

  /** `mode program` of what runs on an interface, by the names of programs. */
  running(name: string): string[] {
    const found = this.kernel.observe().interfaces.find((one) => one.name === name);
    return found?.xdp.map(({ mode, programName }) => `${mode} ${programName}`) ?? [];
  }
}
