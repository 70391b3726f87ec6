// Proves planned instances before anything is attached: each is loaded through the kernel's verifier with the maps
// that it will carry over, and a firewall answers its packet tests. What is loaded here is what will be pinned; a dry
// run just lets it go again.
import { BpfObject, loadObject } from '../kernel/object.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { openPin } from '../kernel/pinned.js';
import { KernelError, XdpkeepError } from '../model/errors.js';
import type { ConnectionSettings } from '../model/connections.js';
import type { DesiredProgram } from '../model/desired.js';
import type { MapDefinition } from '../model/instance.js';
import type { ObjectStore } from '../model/object-store.js';
import type { ObservedState } from '../model/observed.js';
import type { Progress } from '../model/progress.js';
import type { Plan, RecordStep, TargetInstance } from '../model/step.js';
import type { Candidate } from './candidate.js';
import { SharedConnections, type ShippedProgram } from './egress.js';
import { provePolicy } from './policy.js';
import { SharedRing } from './ring.js';
import { SetMaps } from './sets.js';
import { type ObjectOf, proveLayers } from './test-alone.js';
import type { SharedMaps } from './shared-maps.js';

/** Candidates by interface, and why the others have none. Dispose of it after applying. */
export class Proven implements SharedMaps, Disposable {
  readonly loaded = new Map<string, Candidate>();
  readonly failed = new Map<string, XdpkeepError>();

  readonly ring = new SharedRing();

  /** The recorder, by interface, where a step brings one in. */
  readonly recorders = new Map<string, Candidate>();

  constructor(
    readonly setMaps: SetMaps,
    readonly connections: SharedConnections,
  ) {}

  [Symbol.dispose](): void {
    for (const { object } of this.loaded.values()) object[Symbol.dispose]();
    this.setMaps[Symbol.dispose]();
    this.ring[Symbol.dispose]();
    this.connections[Symbol.dispose]();
  }
}

export interface ProveContext {
  pinPaths: PinPaths;
  store: ObjectStore;
  observed: ObservedState;
  /** Reads the recorder, the program that records what leaves; and flows that its tables are to have room for. */
  recorder: { read: () => ShippedProgram; connections: ConnectionSettings };
  objectOf: ObjectOf;
  /** Told before each load. */
  progress?: Progress;
}

/** Loads what the plan brings in. A program that is refused fails its interface, not the others. */
export function prove(plan: Plan, context: ProveContext): Proven {
  const proven = new Proven(
    new SetMaps(context.pinPaths),
    new SharedConnections(context.pinPaths, context.observed, context.recorder.connections),
  );
  for (const [done, { step }] of plan.steps.entries()) {
    const isLoaded = 'instance' in step && !step.instance.pinned;
    if ((!isLoaded && step.kind !== 'record') || proven.failed.has(step.interface)) continue;
    context.progress?.({ doing: 'proving programs', done, total: plan.steps.length });
    try {
      if (step.kind === 'record') proven.recorders.set(step.interface, loadRecorder(step, context, proven));
      if (isLoaded) {
        const { firewall } = step.instance.program ?? {};
        if (firewall) proveLayers(firewall, context.objectOf);
        proven.loaded.set(step.interface, loadCandidate(step.interface, step.instance, context, proven));
      }
    } catch (error) {
      if (!(error instanceof XdpkeepError)) throw error;
      proven.failed.set(step.interface, error);
    }
  }
  return proven;
}

function loadRecorder(
  { interface: name }: RecordStep,
  { observed, recorder }: ProveContext,
  { connections }: SharedMaps,
): Candidate {
  const framing = observed.interfaces.find((one) => one.name === name)?.framing;
  return connections.egress(recorder.read(), framing === 'ip');
}

/** The maps of a program, from its object file; makes nothing in the kernel. */
export function inspect(program: DesiredProgram, store: ObjectStore): MapDefinition[] {
  using object = BpfObject.open(store.get(program.object), program.function);
  return object.maps();
}

/** Does a program of the user's own say that it takes frames in several buffers (`xdp.frags`)? */
export function programTakesFrags(
  { object, function: function_ }: Pick<DesiredProgram, 'object' | 'function'>,
  store: ObjectStore,
): boolean {
  using opened = BpfObject.open(store.get(object), function_);
  return opened.takesFrags();
}

/** An instance as it would be attached; nothing holds it but the caller. */
export function loadCandidate(
  name: string,
  instance: TargetInstance,
  context: Omit<ProveContext, 'recorder' | 'objectOf'>,
  shared: SharedMaps,
): Candidate {
  const { program } = instance;
  if (!program) throw new Error(`a planned instance of ${name} has no program`);
  const bytes = context.store.get(program.object);
  const { firewall } = program;
  if (firewall) return provePolicy(name, bytes, { ...program, firewall }, { ...context, shared });
  return { object: loadProgram(name, bytes, program.function, instance, context.pinPaths) };
}

function loadProgram(
  name: string,
  bytes: Uint8Array,
  function_: string,
  { carryFrom, maps }: TargetInstance,
  pinPaths: PinPaths,
): BpfObject {
  return loadObject(bytes, function_, (object) => {
    for (const map of carryFrom === undefined ? [] : maps.carried) {
      reuse(object, map, pinPaths.map(name, carryFrom ?? '', map));
    }
  });
}

function reuse(object: BpfObject, map: string, path: string): void {
  using fd = openPin(path);
  if (!fd) {
    throw new KernelError(`carry map ${map} over`, 2, 'ENOENT', 'its pin vanished while planning', {
      hint: 'Run reconcile again: the next pass plans with what is there now.',
    });
  }
  object.reuseMap(map, fd); // libbpf keeps a duplicate
}
