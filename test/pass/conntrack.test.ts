// What a pass does where a Host file wants conntrack asked, by what the machine says of it. That it says the truth is shown in
// test/scenario/conntrack-source.test.ts.
import { beforeEach, expect, test } from 'vitest';
import { digestState } from '../../src/desired/digest.js';
import { rebuildPolicies } from '../../src/desired/programs/policy-program.js';
import { DiskObjectStore, MemoryObjectStore } from '../../src/disk/object-store.js';
import { USUAL_CONNECTIONS } from '../../src/model/connections.js';
import type { DesiredState } from '../../src/model/desired.js';
import { EnvironmentError } from '../../src/model/errors.js';
import { NOT_ASKED, PassHost } from '../fakes/pass.js';
import { policy, rule } from '../policy/policy.js';
import { desired, wanted } from '../support/states.js';

const CONNTRACK = { ...USUAL_CONNECTIONS, from: 'conntrack' as const };
const ASLEEP = { follows: [], callable: true, reason: 'no rule asks for it' };
const MISSING = { follows: [], callable: false, reason: 'nf_conntrack is not loaded' };

function state(connections?: DesiredState['connections']): DesiredState {
  const one = wanted('a');
  const firewall = {
    policy: policy([rule('known', { connection: ['established'] }, 'pass')]),
    protections: [],
  };
  const interfaces = [{ ...one, program: { ...one.program, origin: 'policy' as const, firewall } }];
  const digest = digestState('h', interfaces, connections);
  return { ...desired(), interfaces, digest, ...(connections && { connections }) };
}

let host: PassHost;
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
});

test('nobody asks about conntrack where the tables are enough', async () => {
  host.machine.tracking = MISSING;
  expect(await host.pass(state())).toMatchObject({ changed: true });
  expect(await host.pass(state(USUAL_CONNECTIONS))).toMatchObject({ exitCode: 0 });
});

test.each([
  ['asleep', ASLEEP],
  ['missing', MISSING],
])('%s: a change to it is refused, and what ran before is kept with a warning', async (_, tracking) => {
  await host.pass(state());
  const before = host.kernel.observe();
  host.machine.tracking = tracking;
  for (const look of [true, false])
    await expect(host.pass(state(CONNTRACK), { look })).rejects.toThrow(EnvironmentError);
  expect(host.kernel.observe()).toEqual(before);
  // Content that ran before, as `restore` brings it: it is warned of.
  const restored = await host.pass(state(CONNTRACK), { safeties: { trial: NOT_ASKED } });
  expect(restored.warnings).toMatchObject([expect.stringContaining(tracking.reason)]);
  expect(await host.pass(state(CONNTRACK))).toMatchObject({ warnings: restored.warnings });
});

test('programs ask conntrack, or the tables alone where no program can', () => {
  const store = new MemoryObjectStore(new DiskObjectStore(host.dataDir));
  const objectOf = ({ interfaces }: DesiredState) => interfaces[0]?.program.object;
  const tables = objectOf(rebuildPolicies(state(), store));
  expect(objectOf(rebuildPolicies(state(CONNTRACK), store))).not.toBe(tables);
  expect(objectOf(rebuildPolicies(state(CONNTRACK), store, 'tables'))).toBe(tables);
});

test('a state that is made anew has the digest that its state files have', () => {
  const remade = rebuildPolicies(
    state(USUAL_CONNECTIONS),
    new MemoryObjectStore(new DiskObjectStore(host.dataDir)),
  );
  expect(remade.digest).toBe(digestState(remade.host, remade.interfaces, USUAL_CONNECTIONS));
  expect(remade.digest).not.toBe(digestState(remade.host, remade.interfaces));
});
