// Proves planned instances before anything is attached: each is loaded through the kernel's verifier with the maps
// that it will carry over. What is loaded here is what will be pinned; a dry run just lets it go again.
import { BpfObject } from '../kernel/object.js';
import type { Layout } from '../kernel/layout.js';
import { openPin } from '../kernel/pinned.js';
import { KernelError, XdpkeepError } from '../model/errors.js';
import type { MapDefinition } from '../model/instance.js';
import type { ObjectStore } from '../model/object-store.js';
import type { DesiredProgram } from '../model/desired.js';
import type { Plan, TargetInstance } from '../model/step.js';

/** Loaded instances by interface, and why the others could not be loaded. Dispose of it after applying. */
export class Proven implements Disposable {
  readonly loaded = new Map<string, BpfObject>();
  readonly failed = new Map<string, XdpkeepError>();

  [Symbol.dispose](): void {
    for (const object of this.loaded.values()) object[Symbol.dispose]();
  }
}

/** Loads what the plan brings in. A program that the verifier refuses fails its interface, not the others. */
export function prove(plan: Plan, layout: Layout, store: ObjectStore): Proven {
  const proven = new Proven();
  for (const { step } of plan.steps) {
    if (!('instance' in step) || step.instance.pinned) continue;
    try {
      proven.loaded.set(step.interface, load(step.interface, step.instance, layout, store));
    } catch (error) {
      if (!(error instanceof XdpkeepError)) throw error;
      proven.failed.set(step.interface, error);
    }
  }
  return proven;
}

/** The maps of a program, from its object file; makes nothing in the kernel. */
export function inspect(program: DesiredProgram, store: ObjectStore): MapDefinition[] {
  using object = BpfObject.open(store.get(program.object), program.function);
  return object.maps();
}

function load(name: string, instance: TargetInstance, layout: Layout, store: ObjectStore): BpfObject {
  const { program, carryFrom } = instance;
  if (!program) throw new Error(`a planned instance of ${name} has no program`);
  const object = BpfObject.open(store.get(program.object), program.function);
  try {
    for (const map of carryFrom === undefined ? [] : instance.maps.carried) {
      reuse(object, map, layout.map(name, carryFrom ?? '', map));
    }
    object.load();
    return object;
  } catch (error) {
    object[Symbol.dispose]();
    throw error;
  }
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
