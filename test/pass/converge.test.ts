// A pass as a whole on a host that is made up: what each phase does, and what became of it. The same with a real kernel is in
// test/scenario/.
import { rmSync } from 'node:fs';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { readGeneration } from '../../src/journal/generations.js';
import { EXIT, KernelError, RefusedError } from '../../src/model/errors.js';
import { wanted } from '../support/states.js';
import { PassHost } from '../fakes/pass.js';

let host: PassHost;
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
});

describe('a pass', () => {
  it('brings in what is wanted, as a generation, and has nothing to do the next time', async () => {
    const first = await host.pass([wanted('a'), wanted('b')]);
    expect(first).toMatchObject({
      host: 'edge',
      generation: 1,
      changed: true,
      dryRun: false,
      exitCode: EXIT.ok,
      steps: [
        { interface: 'a', action: 'attach', outcome: 'done', maps: { fresh: [{ name: 'icmp_drops' }] } },
        { interface: 'b', outcome: 'done' },
      ],
      interfaces: [
        { name: 'a', condition: 'Ready', mode: 'native', digest: 'aaaa' },
        { name: 'b', condition: 'Ready' },
      ],
    });
    expect(host.running('a')).toEqual(['native aaaa']);
    expect(host.machine.mounts).toEqual([host.bpffs]);
    const second = await host.pass([wanted('a'), wanted('b')]);
    expect(second).toMatchObject({
      generation: 1,
      changed: false,
      steps: [{ outcome: 'unchanged' }, { outcome: 'unchanged' }],
    });
    expect(await host.story()).toHaveLength(4);
    expect(host.kernel.opened).toBe(0);
  });

  it('without its lock plans and proves, and changes nothing', async () => {
    const seen = await host.pass([wanted('a')], { look: true });
    expect(seen).toMatchObject({ generation: 0, changed: true, dryRun: true });
    expect(seen.steps).toMatchObject([{ action: 'attach', outcome: 'planned' }]);
    expect(host.running('a')).toEqual([]);
    expect(host.machine.mounts).toEqual([]);
    expect(host.kernel.opened).toBe(0);
  });

  it('leaves an interface alone whose program is refused, and does the others', async () => {
    host.machine.refused.set('a', new RefusedError('its packet tests fail', { hint: 'correct it' }));
    const result = await host.pass([wanted('a'), wanted('b')]);
    expect(result.steps).toMatchObject([
      { interface: 'a', outcome: 'refused', error: 'its packet tests fail', hint: 'correct it' },
      { interface: 'b', outcome: 'done' },
    ]);
    expect(result.interfaces).toMatchObject([
      { name: 'a', condition: 'Refused', reason: 'its packet tests fail' },
      { condition: 'Ready' },
    ]);
    expect(result.exitCode).toBe(EXIT.refused);
  });

  it('heals drift within its generation', async () => {
    await host.pass([wanted('a')]);
    host.kernel.removeLink('a');
    const healed = await host.pass([wanted('a')]);
    expect(healed).toMatchObject({ generation: 1, steps: [{ drift: 'detached', outcome: 'done' }] });
  });

  it('makes another generation of another state', async () => {
    await host.pass([wanted('a')]);
    expect(await host.pass([wanted('a', { digest: 'bbbb' })])).toMatchObject({
      generation: 2,
      steps: [{ action: 'update', outcome: 'done' }],
    });
    expect(host.running('a')).toEqual(['native bbbb']);
  });

  it('gives interfaces that were renamed their pins, and leaves those alone that it may not touch', async () => {
    await host.pass([wanted('a')]);
    host.kernel.rename('a', 'wan0');
    expect(await host.pass([wanted('wan0')])).toMatchObject({
      steps: [{ interface: 'wan0', action: 'update', outcome: 'done' }, { outcome: 'unchanged' }],
    });
    const only = { interfaces: new Set(['b']) };
    const limited = await host.pass([wanted('b'), wanted('wan0', { digest: 'bbbb' })], { target: only });
    expect(limited.steps).toMatchObject([{ interface: 'b', outcome: 'done' }]);
    expect(host.running('wan0')).toEqual(['native aaaa']);
  });

  it('settles what an interrupted run had begun', async () => {
    const planned = host.plan(wanted('a'));
    await host.opened((_place, journal) => {
      const [one] = planned.steps;
      if (one && one.step.kind !== 'none')
        journal().append({ generation: 1, phase: 'intent', step: one.step });
      return Promise.resolve();
    });
    await host.pass([wanted('a')]);
    expect(await host.story()).toEqual([
      'intent attach a',
      'undone attach a',
      'intent attach a',
      'done attach a',
    ]);
  });

  it('compares what is held with what it should be where that is asked, and puts it right', async () => {
    await host.pass([wanted('a'), wanted('b')]);
    host.machine.differs.set('a', 'its code');
    expect(await host.pass([wanted('a'), wanted('b')])).toMatchObject({ changed: false });
    const deep = await host.pass([wanted('a'), wanted('b')], { target: { deep: true } });
    expect(deep.steps).toMatchObject([
      { interface: 'b', outcome: 'unchanged' },
      {
        interface: 'a',
        outcome: 'done',
        drift: 'edited',
        reason: 'program aaaa is not what it was made of: its code: somebody edited it',
      },
    ]);
  });

  it('compares nothing that is not what is wanted, or has lost its program', async () => {
    await host.pass([wanted('a'), wanted('b')]);
    for (const name of ['a', 'b']) host.machine.differs.set(name, 'its code');
    rmSync(host.kernel.pins.program('b', 'aaaa'));
    const state = [wanted('a', { digest: 'bbbb' }), wanted('b')];
    const deep = await host.pass(state, { target: { deep: true } });
    expect(deep.steps.map(({ reason }) => reason)).toEqual([
      'program aaaa -> bbbb',
      'program of a lost pin -> aaaa: somebody changed the pins',
    ]);
  });

  it('looks the maps of a program up once, and only of those that are not pinned whole', async () => {
    await host.pass([wanted('a'), wanted('b')]);
    expect(host.machine.inspected.filter((digest) => digest !== 'aaaa')).toEqual([]);
    host.machine.inspected.length = 0;
    await host.pass([wanted('a'), wanted('b')]);
    expect(host.machine.inspected).toEqual([]);
    await host.pass([wanted('a', { digest: 'bbbb' }), wanted('b', { digest: 'bbbb' })], { look: true });
    expect(host.machine.inspected).toEqual(['bbbb']);
  });

  it('tells who asked how far it is, what was said before, and how a driver refused', async () => {
    host.kernel.addInterface('old', 4, true);
    const heard: unknown[] = [];
    const result = await host.pass([wanted('old', { mode: 'auto' })], {
      report: { warnings: ['from the files'], progress: (at) => heard.push(at) },
    });
    expect(heard).toEqual([{ doing: 'proving programs', done: 0, total: 1 }]);
    expect(result.warnings).toEqual(['from the files']);
    expect(result.steps).toMatchObject([
      { attached: { mode: 'generic', fellBackBecause: expect.any(String) as string } },
    ]);
    expect(result.interfaces).toMatchObject([
      { condition: 'Degraded', reason: expect.stringContaining('fell back to generic: ') as string },
    ]);
    expect((await host.pass([wanted('old', { mode: 'auto' }), wanted('b')])).steps[1]).not.toHaveProperty(
      'attached',
    );
  });

  it('that an operator orders against the state files is a generation, though nothing differs', async () => {
    await host.pass([wanted('a')]);
    const generation = { origin: 'rollback', of: 1, reason: 'back' } as const;
    expect(await host.pass([wanted('a')], { target: { generation } })).toMatchObject({
      generation: 2,
      steps: [{ outcome: 'unchanged' }],
    });
    expect(readGeneration(host.dataDir, 2)).toMatchObject(generation);
  });

  it('tries a change with a gap again ten minutes after it failed, or when it is asked to', async () => {
    await host.pass([wanted('a')]);
    const generic = [wanted('a', { mode: 'generic' })];
    const busy = new KernelError('test', 16, 'EBUSY', 'busy');
    host.kernel.failOnce('createLink', busy);
    expect(await host.pass(generic)).toMatchObject({ steps: [{ outcome: 'failed', error: busy.message }] });
    expect(host.running('a'), 'the former link is back').toEqual(['native aaaa']);
    const waits = await host.pass(generic);
    expect(waits).toMatchObject({ steps: [{ action: 'none', outcome: 'failed' }], exitCode: EXIT.partial });
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 601_000);
    onTestFinished(() => void vi.restoreAllMocks());
    expect((await host.pass(generic, { look: true })).steps).toMatchObject([{ outcome: 'planned' }]);
    vi.restoreAllMocks();
    expect((await host.pass(generic, { target: { retry: true } })).steps).toMatchObject([
      { outcome: 'done' },
    ]);
    expect(host.running('a')).toEqual(['generic aaaa']);
  });
});

describe('what became of a pass decides how it ends', () => {
  it('with a name that is missing, it did a part', async () => {
    expect(await host.pass([wanted('a'), wanted('gone')])).toMatchObject({
      exitCode: EXIT.partial,
      interfaces: [
        { name: 'a', condition: 'Ready' },
        { name: 'gone', condition: 'Missing' },
      ],
    });
  });

  it('with a step that failed, it did a part, and the interface says why', async () => {
    host.kernel.failOnce('createLink', new KernelError('test', 16, 'EBUSY', 'busy'));
    expect(await host.pass([wanted('a')])).toMatchObject({
      exitCode: EXIT.partial,
      changed: false,
      steps: [{ outcome: 'failed' }],
      interfaces: [{ condition: 'Failed', reason: expect.stringContaining('busy') as string }],
    });
  });

  it('with a foreign program in the way, it was refused', async () => {
    host.kernel.attachForeign(2, 'native');
    expect(await host.pass([wanted('a')])).toMatchObject({
      exitCode: EXIT.refused,
      steps: [
        { action: 'none', outcome: 'refused', hint: expect.stringContaining('foreign: replace') as string },
      ],
    });
  });

  it('with a step that could not be undone either, it says so above all', async () => {
    await host.pass([wanted('a')]);
    rmSync(host.kernel.pins.program('a', 'aaaa'));
    host.kernel.failOnce('swapProgram', new KernelError('test', 16, 'EBUSY', 'busy'));
    const result = await host.pass([wanted('a', { digest: 'bbbb' }), wanted('gone')]);
    expect(result).toMatchObject({ exitCode: EXIT.rollbackFailed });
    expect(result.steps.find(({ interface: name }) => name === 'a')).toMatchObject({ outcome: 'failed' });
  });
});
