// A policy that is loaded for its packet tests and let go again: nothing of it will be attached. Redirect interfaces and CPUs that this
// machine lacks fail no test: a test asks which rule decides, not whether the packet would arrive.
import { loadPolicy, taiOffset } from '../kernel/load-policy.js';
import type { HostPolicy } from '../model/desired.js';
import type { Policy } from '../model/policy.js';
import { bindTables, compilePolicy } from '../policy/compile/compile.js';
import { layersAlone } from '../policy/layers.js';
import type { TestResult } from '../policy/packet-tests.js';
import { requirePassed, testPolicy } from './policy.js';
import { SetMaps } from './sets.js';

/** The program that a policy becomes. */
export type ObjectOf = (policy: Policy) => Uint8Array;

/** Throws a RefusedError that names every wrong verdict; does nothing for a policy without layers. */
export function proveLayers(firewall: HostPolicy, objectOf: ObjectOf): void {
  requirePassed(firewall, testLayers(firewall, objectOf));
}

/** What each layer by itself says to its own tests, behind what the host protects. */
function testLayers({ policy, protections }: HostPolicy, objectOf: ObjectOf): TestResult[] {
  const tested = layersAlone(policy).filter(({ tests }) => tests.length > 0);
  return tested.flatMap((layer) => {
    const flows = new Set(protections.map(({ at }) => at)); // asked of the whole
    return testAlone({ policy: layer, protections }, objectOf(layer)).filter(({ at }) => !flows.has(at));
  });
}

/** Every machine has it; no test sends anything there. */
const LOOPBACK = 1;

/** `object`: the program that this policy becomes. Throws a VerifierError, a KernelError or a PermissionError. */
export function testAlone(firewall: HostPolicy, object: Uint8Array): TestResult[] {
  const tables = compilePolicy(firewall.policy, firewall.protections);
  const rows = [...new Set(tables.owners.map(({ row }) => row))];
  const targets = tables.owners.flatMap((owner) => owner.interface ?? []);
  using setMaps = new SetMaps();
  const sets = setMaps.open(tables.sets);
  const bound = bindTables(tables, {
    blocks: false,
    frames: { frags: false, noEthernet: false },
    slots: new Map(rows.map((row, slot) => [row, slot])),
    ifindexes: new Map(targets.map((target) => [target, LOOPBACK])),
    sets,
    taiOffset: taiOffset(),
  });
  const dynamic = { ...bound.dynamic, ...(bound.dynamic['cpus'] !== undefined && { cpus: 1 }) };
  const unqueued = { ...bound, dynamic, cpus: [] };
  using loaded = loadPolicy(object, unqueued, { sets });
  return testPolicy(loaded.programFd(), tables.owners, firewall);
}
