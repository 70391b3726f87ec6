// What every safety keeps a pass from doing, on a host that is made up; and that it is not kept from it where nobody asks.
import { beforeEach, describe, expect, it } from 'vitest';
import { readHold, writeHold } from '../../src/journal/hold.js';
import { EnvironmentError, EXIT, KernelError, RefusedError } from '../../src/model/errors.js';
import type { ObservedState } from '../../src/model/observed.js';
import type { Plan } from '../../src/model/step.js';
import { dropTrial } from '../../src/trial/revert.js';
import { NOT_ASKED, onTrial, PassHost, suspension } from '../fakes/pass.js';
import { wanted } from '../support/states.js';

let host: PassHost;
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
});

describe('safeties', () => {
  it('a suspension keeps its interface as it is', async () => {
    const suspensions = { ask: { inForce: [suspension('a')], except: new Set<string>() } };
    const result = await host.pass([wanted('a'), wanted('b')], { safeties: { suspensions } });
    expect(result.steps).toMatchObject([
      { interface: 'a', outcome: 'suspended' },
      { interface: 'b', outcome: 'done' },
    ]);
    expect(result).toMatchObject({ suspensions: [suspension('a')], exitCode: EXIT.held });
    expect(host.running('a')).toEqual([]);
  });

  it('the prune guard refuses what takes everything away, unless it is not asked', async () => {
    await host.pass([wanted('a')]);
    await expect(host.pass([])).rejects.toMatchObject({ exitCode: EXIT.pruneGuard });
    expect(host.running('a')).toEqual(['native aaaa']);
    const gone = await host.pass([], { safeties: { pruneGuard: NOT_ASKED } });
    expect(gone.steps).toMatchObject([{ action: 'detach', outcome: 'done' }]);
    expect(host.running('a')).toEqual([]);
  });

  it('the lock-out guard is asked about what is new, and what is accepted is said', async () => {
    host.machine.lockouts = ['a: this session'];
    const accepted = await host.pass([wanted('a')], {
      safeties: { lockoutGuard: { ask: { remotes: [], accepted: true } } },
    });
    expect(accepted.warnings).toEqual(['accepted: this locks out a: this session']);
    expect(host.machine.guarded).toEqual([{ interfaces: ['a'], question: { remotes: [], accepted: true } }]);
    const said = (await host.records()).find(({ step }) => step.kind === 'accept-lockout');
    expect(said).toMatchObject({ generation: 1, phase: 'done', step: { reason: 'a: this session' } });

    // What is only brought back was asked when it came; nothing that is new is not asked either.
    host.kernel.removeLink('a');
    await host.pass([wanted('a')]);
    await host.pass([wanted('a')]);
    expect(host.machine.guarded).toHaveLength(1);
    await host.pass([wanted('a'), wanted('b')]);
    expect(host.machine.guarded[1]?.interfaces).toEqual(expect.arrayContaining(['b']));
    await host.pass([wanted('b', { digest: 'bbbb' })], { safeties: { lockoutGuard: NOT_ASKED } });
    expect(host.machine.guarded).toHaveLength(2);
  });

  it('the lock-out guard that cannot ask leaves nothing loaded and nothing done', async () => {
    host.machine.failOnce('guardAgainstLockout', new EnvironmentError('no routes'));
    await expect(host.pass([wanted('a')])).rejects.toThrow('no routes');
    expect(host.kernel.opened).toBe(0);
    expect(host.running('a')).toEqual([]);
  });

  it('a hold that keeps what is there is told, and one that ends is ended once the target is in effect', async () => {
    const keeps = { digests: ['x'], generation: 1, reason: 'too strict', since: '2026-01-01T00:00:00.000Z' };
    const kept = await host.pass([wanted('a')], { safeties: { hold: { ask: { keeps } } } });
    expect(kept).toMatchObject({ hold: keeps, exitCode: EXIT.held });
    await host.opened((place) => {
      writeHold(place.lock, keeps);
      return Promise.resolve();
    });
    const ends = { hold: { ask: { endsBecause: 'the state files changed' } } };
    host.kernel.failOnce('swapProgram', new KernelError('test', 16, 'EBUSY', 'busy'));
    await host.pass([wanted('a', { digest: 'bbbb' })], { safeties: ends });
    expect(readHold(host.dataDir), 'nothing took its place').toBeDefined();
    await host.pass([wanted('a', { digest: 'cccc' })], {
      safeties: { ...ends, ...onTrial({ confirm: 60_000 }) },
    });
    expect(readHold(host.dataDir), 'it may come back').toBeDefined();
    await host.opened((place) => dropTrial(place.lock, place.pins, 'decided'));
    await host.pass([wanted('a', { digest: 'cccc' })], { safeties: ends, look: true });
    expect(readHold(host.dataDir), 'nobody may change anything').toBeDefined();
    expect(await host.pass([wanted('a', { digest: 'cccc' })], { safeties: ends })).not.toHaveProperty('hold');
    expect(readHold(host.dataDir)).toBeUndefined();
    expect((await host.records()).at(-1)).toMatchObject({
      step: { kind: 'resume', reason: 'the state files changed' },
    });
  });

  it('a plan file is compared with what is planned and found, and may refuse both', async () => {
    const asked: unknown[] = [];
    const planFile = {
      ask: ({ steps }: Plan, found: ObservedState) => {
        asked.push(steps.length, found.interfaces.length);
        throw new RefusedError('stale');
      },
    };
    await expect(host.pass([wanted('a')], { safeties: { planFile } })).rejects.toThrow('stale');
    expect(asked).toEqual([1, 2]);
    expect(host.running('a')).toEqual([]);
  });

  it('a change that waits for its confirmation is told, and what it left stays', async () => {
    await host.pass([wanted('a')]);
    const change = { safeties: onTrial({ confirm: 60_000 }) };
    const { pending } = await host.pass([wanted('a', { digest: 'bbbb' })], change);
    if (!pending) throw new Error('nothing waits');
    const again = await host.pass([wanted('a', { digest: 'bbbb' })], {
      safeties: { confirmation: { ask: pending } },
    });
    expect(again).toMatchObject({ pending, steps: [{ action: 'none' }], exitCode: EXIT.ok });
    expect(host.kernel.observe().owned[0]?.instances).toHaveLength(2);
    await host.pass([wanted('a', { digest: 'bbbb' })]);
    expect(host.kernel.observe().owned[0]?.instances).toHaveLength(1);
  });
});
