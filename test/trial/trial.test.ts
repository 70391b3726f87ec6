// A change on trial on a host that is made up: when it is one, what is announced before anything is done, and what decides it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { readHold } from '../../src/journal/hold.js';
import { readGeneration } from '../../src/journal/generations.js';
import { readPending } from '../../src/journal/pending.js';
import { readTrial } from '../../src/journal/undo-record.js';
import { bootId, monotonicNow } from '../../src/kernel/boot.js';
import { EXIT, KernelError, UnreachableError } from '../../src/model/errors.js';
import type { Safeguards } from '../../src/model/safeguards.js';
import { beginTrial } from '../../src/trial/begin.js';
import { PassHost, onTrial, suspension } from '../fakes/pass.js';
import { desired, wanted } from '../support/states.js';

let host: PassHost;
beforeEach(async () => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
  await host.pass([wanted('a')]);
});

const CONFIRM = onTrial({ confirm: 60_000 });
/** A guard that has nothing to watch: the change stands at once. */
const GUARD = { window: 20, factor: 2, minimum: 10, ignore: [] };
const other = wanted('a', { digest: 'bbbb' });
const tryOther = (safeties = CONFIRM) => host.pass([other], { safeties });
const busy = new KernelError('test', 16, 'EBUSY', 'busy');
const trial = () => readTrial(host.dataDir, host.kernel.pins);
const instances = () => host.kernel.observe().owned[0]?.instances.map(({ digest }) => digest);
/** `phase reason` of the trials on record. */
const trials = async () =>
  (await host.records()).flatMap(({ phase, step }) =>
    step.kind === 'trial' ? [`${phase} ${step.reason}`] : [],
  );

/** A probe of a server here: each request gets the next of these answers, the last one for ever. */
async function answering(...statuses: number[]): Promise<Safeguards['probes']> {
  let at = 0;
  const server = createServer((_request, response) => {
    response.writeHead(statuses[Math.min(at++, statuses.length - 1)] ?? 500).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return [{ target: { kind: 'http', url: `http://127.0.0.1:${port}/` }, timeout: 5000, tries: 1 }];
}

describe('a change that has to be confirmed', () => {
  it('is armed and announced before it is made, and waits with what ran before it', async () => {
    const before = monotonicNow();
    const result = await tryOther();
    expect(result).toMatchObject({
      generation: 2,
      exitCode: EXIT.ok,
      trial: { probes: [] },
      pending: { generation: 2, previous: 1, armed: { by: 'watchdog', pid: 1 } },
    });
    expect(result).not.toHaveProperty('hold');
    expect(host.running('a')).toEqual(['native bbbb']);
    expect(instances()).toEqual(['aaaa', 'bbbb']);
    const [alarm] = host.machine.alarms;
    const { id = '', deadline, ...pending } = readPending(host.dataDir) ?? {};
    expect(pending).toMatchObject({ phase: 'waiting', written: 'bbbb', boot: bootId(), previous: 1 });
    for (const absent of ['inPart', 'unknown', 'place', 'ending']) expect(pending).not.toHaveProperty(absent);
    const { monotonic = 0, wall = '' } = deadline ?? {};
    expect(monotonic - before).toBeGreaterThanOrEqual(60_000);
    expect(monotonic - before).toBeLessThan(120_000);
    expect(Math.abs(Date.parse(wall) - Date.now() - 60_000)).toBeLessThan(30_000);
    const where = { bpffs: host.bpffs, dataDir: host.dataDir };
    expect(alarm).toEqual({ id, at: monotonic, after: 60_000, ...where });
    expect(trial()).toMatchObject({ lost: false, pending: { id }, inverses: [{ kind: 'swap' }] });
    expect((await host.story()).slice(2)).toEqual(['intent trial', 'intent swap a', 'done swap a']);
    expect(await trials()).toEqual(['intent to be confirmed within 60 s']);
  });

  it('is not made where nobody would be there at the deadline', async () => {
    host.machine.failOnce('armDeadline', new UnreachableError('no timer'));
    await expect(tryOther()).rejects.toThrow('no timer');
    expect(host.running('a')).toEqual(['native aaaa']);
    expect(trial()).toBeUndefined();
    expect(await host.story()).toHaveLength(2);
  });

  it('is refused where its time is over before the guard has looked', async () => {
    const hasty = onTrial({ confirm: 20, guard: GUARD });
    await expect(tryOther(hasty)).rejects.toMatchObject({ exitCode: EXIT.refused });
    expect(host.machine.alarms).toEqual([]);
    expect(host.running('a')).toEqual(['native aaaa']);
    expect(await tryOther(onTrial({ confirm: 60_000, guard: GUARD }))).toHaveProperty('pending');
  });

  it('of which something waits or fails, waits in part', async () => {
    const suspensions = { ask: { inForce: [suspension('b')], except: new Set<string>() } };
    await host.pass([other, wanted('b')], { safeties: { ...CONFIRM, suspensions } });
    expect(readPending(host.dataDir)).toMatchObject({ inPart: true, phase: 'waiting' });
  });

  it('of which nothing took effect is over, and waits for nobody', async () => {
    host.kernel.failOnce('swapProgram', busy);
    const result = await tryOther();
    expect(result).not.toHaveProperty('pending');
    expect(result.steps).toMatchObject([{ outcome: 'failed' }]);
    expect(trial()).toBeUndefined();
    expect(readHold(host.dataDir)).toBeUndefined();
    expect(await trials()).toEqual([
      'intent to be confirmed within 60 s',
      'undone nothing of it took effect',
    ]);
    const { seq } = (await host.records()).find(({ step }) => step.kind === 'trial') ?? {};
    expect((await host.records()).at(-1)).toMatchObject({ of: seq, generation: 2 });
  });

  it('undoes its steps backwards', async () => {
    await host.pass([other, wanted('b')], { safeties: CONFIRM });
    expect(trial()?.inverses.map(({ kind, interface: name }) => `${kind} ${name}`)).toEqual([
      'detach b',
      'swap a',
    ]);
  });

  it('says what it was read from, where that is known', async () => {
    const readFrom = { stateDir: '/etc/xdpkeep', host: 'edge' };
    const ask = { safeguards: { probes: [], confirm: 60_000 }, readFrom };
    await host.pass([other], { safeties: { trial: { ask } } });
    expect(readPending(host.dataDir)?.place).toEqual(readFrom);
  });
});

describe('a change that is judged', () => {
  it('stays when all holds, and what it left is gone', async () => {
    const result = await tryOther(onTrial({ guard: GUARD }));
    expect(result).toMatchObject({ exitCode: EXIT.ok, trial: { probes: [] } });
    expect(result).not.toHaveProperty('pending');
    expect(result.trial).not.toHaveProperty('failure');
    expect(instances()).toEqual(['bbbb']);
    expect(await trials()).toEqual(['intent on trial', 'confirmed it holds']);
    expect(trial()).toBeUndefined();
    expect(host.machine.alarms).toEqual([]);
  });

  it('stands in part where something of it waits: the rest goes on trial for itself', async () => {
    const suspensions = { ask: { inForce: [suspension('b')], except: new Set<string>() } };
    await host.pass([other, wanted('b')], { safeties: { ...onTrial({ guard: GUARD }), suspensions } });
    expect(await trials()).toEqual(['intent on trial', 'failed in part']);
    expect(trial()).toBeUndefined();
  });

  it('stands in part where a step of it failed', async () => {
    host.kernel.failOnce('createLink', busy);
    await host.pass([other, wanted('b')], { safeties: onTrial({ guard: GUARD }) });
    expect(await trials()).toEqual(['intent on trial', 'failed in part']);
  });

  it('stays when its probe holds before and after', async () => {
    const result = await tryOther(onTrial({ probes: await answering(200) }));
    expect(result.trial?.probes).toMatchObject([{ heldBefore: true, heldAfter: true }]);
    expect(await trials()).toEqual(['intent on trial', 'confirmed it holds']);
  });

  it.each([
    ['with nobody to confirm it', {}],
    ['though an operator could have confirmed it', { confirm: 60_000 }],
  ])('is undone when a probe fails after it that held before, %s', async (_what, more) => {
    const result = await tryOther(onTrial({ probes: await answering(200, 500), ...more }));
    expect(result).toMatchObject({
      exitCode: EXIT.rolledBack,
      steps: [{ outcome: 'undone' }],
      hold: { generation: 1, undone: 2, digests: ['bbbb'] },
      trial: { probes: [{ heldBefore: true, heldAfter: false }] },
    });
    expect(result).not.toHaveProperty('pending');
    const failure = result.trial?.failure ?? '';
    expect(failure).toMatch(/held before the change and fails after it/);
    expect(result.trial?.rolledBackIn).toBeGreaterThanOrEqual(0);
    expect(result.trial?.rolledBackIn).toBeLessThan(60_000);
    expect(host.running('a')).toEqual(['native aaaa']);
    expect(await trials()).toEqual([expect.stringMatching(/^intent /), `undone ${failure}`]);
    expect(readGeneration(host.dataDir, 3)).toMatchObject({ origin: 'rollback', of: 1, reason: failure });
    expect(trial()).toBeUndefined();
  });

  it('is not judged by a probe that did not hold before', async () => {
    const result = await tryOther(onTrial({ probes: await answering(500) }));
    expect(result.trial?.probes).toMatchObject([{ heldBefore: false }]);
    expect(await trials()).toEqual(['intent on trial', 'confirmed it holds']);
  });
});

describe('a trial is needed', () => {
  it('by nothing that has no safeguards', async () => {
    expect(await tryOther(onTrial({}))).not.toHaveProperty('trial');
  });

  it('by no healing of what was confirmed, and no healing of what never was on trial', async () => {
    await tryOther(onTrial({ guard: GUARD }));
    host.kernel.removeLink('a');
    const healed = await tryOther(CONFIRM);
    expect(healed).toMatchObject({ generation: 2, steps: [{ outcome: 'done' }] });
    expect(healed).not.toHaveProperty('trial');
  });

  it('again, as the same generation, by what was never confirmed', async () => {
    host.kernel.failOnce('swapProgram', busy);
    await tryOther();
    const again = await tryOther();
    expect(again).toMatchObject({ generation: 2, pending: { generation: 2, previous: 1 } });
  });
});

describe('what counts as confirmed', () => {
  it('is nothing where nothing ever ran', async () => {
    host = new PassHost();
    host.kernel.addInterface('a', 2);
    await tryOther();
    expect(readPending(host.dataDir)).toMatchObject({ generation: 1, previous: 0 });
    expect(readPending(host.dataDir)).not.toHaveProperty('unknown');
  });

  it('is unknown where programs of ours run that no record knows', async () => {
    const lost = new PassHost(host);
    await lost.pass([other], { safeties: CONFIRM });
    expect(readPending(lost.dataDir)).toMatchObject({ previous: 0, unknown: true });
  });

  it('is the content that a rollback repeated', async () => {
    await host.pass([other]);
    const origin = { origin: 'rollback', of: 1, reason: 'back' } as const;
    await host.pass([wanted('a')], { target: { generation: origin } });
    await host.pass([wanted('a', { digest: 'cccc' })], { safeties: CONFIRM });
    expect(readPending(host.dataDir)).toMatchObject({ generation: 4, previous: 1 });
  });
});

describe('a run that cannot go on', () => {
  const begin = (make: () => Promise<never>, number = 2) =>
    host.opened(async (place, journal) => {
      const planned = host.plan(other);
      const begun = await beginTrial(
        { lock: place.lock, journal: journal() },
        place,
        { safeguards: { probes: [], confirm: 60_000 }, readFrom: undefined },
        {
          desired: desired(other),
          before: { generation: undefined, unknown: false },
          plan: planned,
          inPart: false,
        },
      );
      if (!begun) throw new Error('no trial');
      await begun.run(number, async () => {
        await host.applyWith(place.lock, { journal: journal(), generation: 2 }, planned, { keep: true });
        return make();
      });
    });

  it('brings the former programs back at once, and nobody may confirm it any more', async () => {
    await expect(begin(() => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    expect(host.running('a')).toEqual(['native aaaa']);
    const ending = 'the run that made it failed before it was decided';
    expect(readPending(host.dataDir)).toMatchObject({ ending });
    expect(trial()?.pending).toMatchObject({ ending });
  });

  it('is one that makes another generation than it announced', async () => {
    await expect(begin(() => Promise.reject(new Error('never')), 7)).rejects.toThrow(
      'generation 7 was announced as 2',
    );
    expect(host.running('a')).toEqual(['native aaaa']);
  });
});
