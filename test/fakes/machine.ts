// What a pass asks of its machine, made up (src/pass/machine.ts): every program loads, every packet test passes, nobody is locked
// out, and there is always somebody at a deadline, unless a test says otherwise. It proves nothing about any of that: programs,
// packet tests and flows are asked in the lab.
import { COUNTERS, PINNED_SECTIONS } from '../../src/kernel/pin-paths.js';
import type { Alarm } from '../../src/kernel/deadline.js';
import { XdpkeepError } from '../../src/model/errors.js';
import { FLOW_TABLES, RECORDED, type Tracking } from '../../src/model/connections.js';
import type { LockoutQuestion } from '../../src/model/flow.js';
import { assignRows } from '../../src/model/rows.js';
import type { Plan, TargetInstance } from '../../src/model/step.js';
import { connectionSource } from '../../src/pass/conntrack.js';
import type { Machine } from '../../src/pass/machine.js';
import type { Candidate } from '../../src/prove/candidate.js';
import { LIVES_SECTION } from '../../src/kernel/pin-paths.js';
import { SharedConnections } from '../../src/prove/egress.js';
import { Proven } from '../../src/prove/prove.js';
import { SetMaps } from '../../src/prove/sets.js';
import { DEFINITION } from '../support/states.js';
import type { FakeKernel } from './kernel.js';

export class FakeMachine implements Machine {
  /** What was armed. */
  readonly alarms: Alarm[] = [];
  /** Interface -> why its program is refused. */
  readonly refused = new Map<string, XdpkeepError>();
  /** What is loaded for the next plan, by interface, in place of a program with one map. */
  readonly candidates = new Map<string, Candidate>();
  /** `interface digest` of policies that were tested again. */
  readonly retested: string[] = [];
  /** Interface -> what a deep comparison finds there. */
  readonly differs = new Map<string, string>();
  /** Sentences about flows that are cut off. */
  lockouts: string[] = [];
  /** What it cannot be asked about. */
  doubts: string[] = [];
  /** What the lock-out guard was asked: interfaces of the steps, and how. */
  readonly guarded: { interfaces: string[]; question: LockoutQuestion }[] = [];
  /** Digests whose maps were looked up in an object file. */
  readonly inspected: string[] = [];
  /** Interfaces that were owned, each time that totals were rebased. */
  readonly rebased: string[][] = [];
  /** Mounts that were asked for. */
  readonly mounts: string[] = [];
  readonly #failures = new Map<keyof Machine, Error>();

  constructor(private readonly kernel: FakeKernel) {}

  /** The next call of it fails so, once. */
  failOnce(call: keyof Machine, error: Error): void {
    this.#failures.set(call, error);
  }

  readonly ensureMounted: Machine['ensureMounted'] = (bpffs) => {
    this.mounts.push(bpffs);
  };

  readonly armDeadline: Machine['armDeadline'] = (alarm) => {
    this.#mayFail('armDeadline');
    this.alarms.push(alarm);
    return Promise.resolve({ by: 'watchdog', pid: 1 });
  };

  readonly inspect: Machine['inspect'] = ({ digest }) => {
    this.inspected.push(digest);
    return [DEFINITION];
  };

  readonly programTakesFrags: Machine['programTakesFrags'] = () => false;

  readonly hidesTags: Machine['hidesTags'] = () => false;

  readonly warnOfPressure: Machine['warnOfPressure'] = () => [];

  /** What conntrack is good for. */
  tracking: Tracking = { follows: ['IPv4', 'IPv6'], callable: true };
  readonly connectionSource: Machine['connectionSource'] = (desired) =>
    connectionSource(desired, () => this.tracking);

  readonly askNativeOutlook: Machine['askNativeOutlook'] = () => 'unknown';

  readonly prove: Machine['prove'] = (plan: Plan, { pinPaths, progress }) => {
    const proven = new Proven(new SetMaps(pinPaths), new SharedConnections(pinPaths));
    for (const { step } of plan.steps) {
      if (step.kind === 'record')
        proven.recorders.set(step.interface, {
          object: this.kernel.load(
            'egress',
            [...FLOW_TABLES, LIVES_SECTION, RECORDED].map((name) => ({ name })),
          ),
        });
      if (!('instance' in step) || step.instance.pinned) continue;
      const name = step.interface;
      progress?.({ doing: 'proving programs', done: 0, total: plan.steps.length });
      const failure = this.refused.get(name);
      if (failure) proven.failed.set(name, failure);
      else proven.loaded.set(name, this.candidates.get(name) ?? this.#load(step.instance));
    }
    return proven;
  };

  readonly retestPolicy: Machine['retestPolicy'] = (_pins, name, digest) => {
    this.#mayFail('retestPolicy');
    this.retested.push(`${name} ${digest}`);
  };

  readonly proveLayers: Machine['proveLayers'] = () => {
    this.#mayFail('proveLayers');
  };

  readonly findDifferences: Machine['findDifferences'] = (running) =>
    Promise.resolve(
      new Map([...this.differs].filter(([name]) => running.some((one) => one.interface === name))),
    );

  readonly guardAgainstLockout: Machine['guardAgainstLockout'] = (plan, _proven, { remotes, accepted }) => {
    this.#mayFail('guardAgainstLockout');
    const interfaces = plan.steps.map(({ step }) => step.interface);
    this.guarded.push({ interfaces, question: { remotes, accepted } });
    return Promise.resolve({ accepted: this.lockouts, doubts: this.doubts });
  };

  /** There are no counters; which interfaces were owned is kept. */
  readonly rebaseTotals: Machine['rebaseTotals'] = (_paths, _dataDir, owned) => {
    this.rebased.push(owned.map(({ name }) => name));
  };

  /** A policy has the maps that every policy has. */
  #load({ digest, program }: TargetInstance): Candidate {
    if (!program?.firewall) return { object: this.kernel.load(digest, [DEFINITION]) };
    const names = [COUNTERS, ...PINNED_SECTIONS.keys()];
    const object = this.kernel.load(
      digest,
      names.map((name) => ({ name })),
    );
    const rows = assignRows(
      program.firewall.policy.rules.map(({ name }) => name),
      [],
    );
    return { object, rows: { ...rows, pinned: false } };
  }

  #mayFail(call: keyof Machine): void {
    const failure = this.#failures.get(call);
    this.#failures.delete(call);
    if (failure) throw failure;
  }
}
