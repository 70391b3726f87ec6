// What the report of a pass tells beside its steps: lists, verdicts of packets, trials, the log of the verifier; and how it ends.
import { beforeEach, describe, expect, it, onTestFinished, test, vi } from 'vitest';
import type { HostPolicy } from '../../src/model/desired.js';
import { EXIT, KernelError, RefusedError, XdpkeepError } from '../../src/model/errors.js';
import { addBlock } from '../../src/journal/block-writer.js';
import { readPending } from '../../src/journal/pending.js';
import { NOT_ASKED, onTrial, PassHost, suspension } from '../fakes/pass.js';
import * as begin from '../../src/trial/begin.js';
import { policy, rule } from '../policy/policy.js';
import { addressSet } from '../support/addresses.js';
import { desired, wanted } from '../support/states.js';

let host: PassHost;
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
});
const guarded = (name: string, digest: string, kind: 'pass' | 'drop') => {
  const one = wanted(name, { digest });
  const firewall: HostPolicy = { policy: policy([rule('r', {}, kind)]), protections: [] };
  return { ...one, program: { ...one.program, origin: 'policy' as const, firewall } };
};
const net = { family: 4 as const, a: 0xc0000200, b: 0, c: 0, d: 0, length: 24 };
const listed = (count: number, digest: string) => {
  const cidrs = Array.from({ length: count }, (_, at) => ({ ...net, a: net.a + at * 512 }));
  const lists = [{ name: 'l', entries: count, set: addressSet(cidrs, ['l']) }];
  return { ...desired(wanted('a', { digest: 'aaaa' })), digest, lists };
};

test('lists that changed are told, whether a program changes or not', async () => {
  expect((await host.pass(listed(1, 'one'))).lists).toMatchObject([{ name: 'l', added: 1, removed: 0 }]);
  expect(await host.pass(listed(1, 'one'))).not.toHaveProperty('lists');
  expect((await host.pass(listed(3, 'two'))).lists).toMatchObject([{ ranges: 3, added: 2, removed: 0 }]);
});

test('packets that get another verdict are told where one policy takes the place of another', async () => {
  await host.pass([guarded('a', 'aaaa', 'pass'), guarded('b', 'aaaa', 'pass')]);
  const now = [guarded('a', 'bbbb', 'drop'), guarded('b', 'aaaa', 'pass')];
  const changes = [{ from: 'pass', to: 'drop', toRow: 'r' }];
  for (const look of [true, false]) {
    const { steps } = await host.pass(now, { look });
    expect(steps.find(({ interface: name }) => name === 'a')?.fates?.changes).toMatchObject(changes);
    expect(steps.find(({ interface: name }) => name === 'b')).not.toHaveProperty('fates');
  }
});

describe('a program that is not loaded', () => {
  class Unloadable extends XdpkeepError {
    readonly exitCode = EXIT.partial;
    override readonly log = 'R0 !read_ok';
  }
  it('failed with the log of the verifier, or was refused without one', async () => {
    host.machine.refused.set('a', new Unloadable('the verifier', { hint: 'h' }));
    host.machine.refused.set('b', new RefusedError('no', { hint: 'correct it' }));
    const result = await host.pass([wanted('a'), wanted('b')]);
    expect(result.steps).toMatchObject([
      { outcome: 'failed', error: 'the verifier', log: 'R0 !read_ok' },
      { outcome: 'refused', error: 'no', hint: 'correct it' },
    ]);
    expect(result.steps[1]).not.toHaveProperty('log');
    expect(result).toMatchObject({
      exitCode: EXIT.partial,
      changed: false,
      interfaces: [{ condition: 'Failed' }, { condition: 'Refused' }],
    });
    expect(host.running('a')).toEqual([]);
  });
});

test('a report tells nothing that is not there', async () => {
  const result = await host.pass([wanted('a')]);
  for (const field of ['lists', 'hold', 'pending', 'trial', 'suspensions'])
    expect(result).not.toHaveProperty(field);
  for (const field of ['drift', 'attached', 'fates', 'error', 'hint', 'log'])
    expect(result.steps[0]).not.toHaveProperty(field);
  const still = await host.pass([wanted('a')]);
  expect(still.steps[0]).not.toHaveProperty('hint');
  expect(still.steps[0]).not.toHaveProperty('maps');
});

test('one step that is done is a change, and one that failed a part', async () => {
  host.kernel.failOnce('createLink', new KernelError('test', 16, 'EBUSY', 'busy'));
  const result = await host.pass([wanted('a'), wanted('b')]);
  expect(result.steps.map(({ outcome }) => outcome).sort()).toEqual(['done', 'failed']);
  expect(result).toMatchObject({ changed: true, exitCode: EXIT.partial, generation: 1 });
});

test('totals are rebased before anything is swapped and after it, by who may write', async () => {
  await host.pass([wanted('a')], { look: true });
  expect(host.machine.rebased).toEqual([]);
  await host.pass([wanted('a')]);
  expect(host.machine.rebased).toEqual([[], ['a']]);
  await host.pass([wanted('a')]);
  expect(host.machine.rebased).toEqual([[], ['a'], ['a'], ['a']]);
});

test('a state is asked what it may probe before anything is done, where there is something to do', async () => {
  const asked = vi.spyOn(begin, 'requirePermittedTrial');
  onTestFinished(() => void vi.restoreAllMocks());
  await host.pass([wanted('a')], { look: true });
  await host.pass([wanted('a')]);
  expect(asked).toHaveBeenCalledTimes(2);
  await host.pass([wanted('a')]);
  await host.pass([wanted('a', { digest: 'bbbb' })], { safeties: { trial: NOT_ASKED } });
  expect(asked).toHaveBeenCalledTimes(2);
});

test('doubts of the lock-out guard are warnings', async () => {
  host.machine.doubts = ['no routes could be read'];
  expect((await host.pass([wanted('a')])).warnings).toEqual(['no routes could be read']);
});

test('a policy that cannot see tags is warned of', async () => {
  const one = guarded('a', 'aaaa', 'drop');
  one.program.firewall.policy.rules = [rule('r', { vlan: ['none'] }, 'drop')];
  Object.assign(host.machine, { hidesTags: () => true });
  expect((await host.pass([one])).warnings).toMatchObject([/asks for `vlan`/]);
});

test('a table of connections that is nearly full is warned of, though nothing changes', async () => {
  await host.pass([wanted('a')]);
  Object.assign(host.machine, { warnOfPressure: () => ['the table of served connections is 90 % full'] });
  expect(await host.pass([wanted('a')])).toMatchObject({
    changed: false,
    warnings: ['the table of served connections is 90 % full'],
  });
});

test('packet tests of a policy are run again for a new state that changes no program', async () => {
  await host.pass([guarded('a', 'aaaa', 'drop'), wanted('b')]);
  const state = desired(guarded('a', 'aaaa', 'drop'), wanted('b'));
  expect(host.machine.retested).toEqual([]);
  await host.pass(state);
  expect(host.machine.retested, 'it is in effect').toEqual([]);
  await host.pass({ ...state, interfaces: [...state.interfaces, wanted('gone')] });
  expect(host.machine.retested).toEqual([expect.stringMatching(/^a /)]);
});

describe('a trial', () => {
  it('is told, and announces what is known of before', async () => {
    const change = { safeties: onTrial({ confirm: 60_000 }) };
    const result = await host.pass([wanted('a')], change);
    expect(result.pending).toMatchObject({ generation: 1, previous: 0 });
    const pending = readPending(host.dataDir);
    expect(pending).toMatchObject({ phase: 'waiting', previous: 0 });
    expect(pending).not.toHaveProperty('inPart');
    expect(pending).not.toHaveProperty('unknown');
  });

  it('of a part says so', async () => {
    const suspensions = { ask: { inForce: [suspension('b')], except: new Set<string>() } };
    await host.pass([wanted('a'), wanted('b')], {
      safeties: { ...onTrial({ confirm: 60_000 }), suspensions },
    });
    expect(readPending(host.dataDir)).toMatchObject({ inPart: true });
  });

  it('over programs that no record knows says so', async () => {
    await host.pass([wanted('a'), wanted('b')]);
    const lost = new PassHost(host);
    await lost.pass([wanted('a', { digest: 'bbbb' }), wanted('b')], {
      safeties: onTrial({ confirm: 60_000 }),
    });
    expect(readPending(lost.dataDir)).toMatchObject({ unknown: true });
  });

  it('of nothing that could be loaded is none', async () => {
    host.machine.refused.set('a', new RefusedError('no', { hint: '' }));
    await host.pass([wanted('a')], { safeties: onTrial({ confirm: 60_000 }) });
    expect(readPending(host.dataDir)).toBeUndefined();
  });
});

describe('blocks', () => {
  const block = () =>
    host.locked((lock) => {
      const about = { cidr: '192.0.2.0/24', network: net, owner: 'operator', reason: '', by: 'root' };
      return Promise.resolve(addBlock(lock, { ...about, duration: 60_000 }));
    });
  const maps = () => host.kernel.observe().owned.map(({ blocks }) => blocks !== undefined);

  it('get their maps before the plan is made, unless a change waits', async () => {
    await host.pass([guarded('a', 'aaaa', 'drop')]);
    expect(maps()).toEqual([false]);
    await block();
    const confirmation = { ask: { generation: 1 } as never };
    await host.pass([guarded('a', 'aaaa', 'drop')], { look: true, safeties: { confirmation } });
    expect(maps()).toEqual([false]);
    await host.pass([guarded('a', 'aaaa', 'drop')], { safeties: { suspensions: NOT_ASKED } });
    expect(maps()).toEqual([true]);
  });
});
