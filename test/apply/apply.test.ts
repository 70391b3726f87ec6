// The executor on a kernel that is made up: what is written when, what is undone and in which order, what is left pinned.
// That a real kernel does the same is for test/scenario/.
import { beforeEach, describe, expect, it } from 'vitest';
import { EnvironmentError, EXIT, KernelError } from '../../src/model/errors.js';
import type { ObservedState } from '../../src/model/observed.js';
import { FakeHost } from '../fakes/host.js';
import { wanted } from '../support/states.js';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
});

const busy = new KernelError('test', 16, 'EBUSY', 'busy');
const instances = (name: string) =>
  host.kernel
    .observe()
    .owned.find((one) => one.name === name)
    ?.instances.map(({ digest }) => digest);

describe('a change that holds', () => {
  it('is written down before and after, attached, and leaves nothing open', async () => {
    const applied = await host.apply(host.plan(wanted('a'), wanted('b')));
    expect(applied).toMatchObject([
      { outcome: 'done', step: { interface: 'a' }, attached: { mode: 'native' } },
      { outcome: 'done', step: { interface: 'b' } },
    ]);
    expect(host.running('a')).toEqual(['native aaaa']);
    expect(await host.story()).toEqual([
      'intent attach a',
      'intent attach b',
      'done attach a',
      'done attach b',
    ]);
    expect(await host.records()).toMatchObject([
      { seq: 1, generation: 1, inverse: { kind: 'detach' } },
      { seq: 2 },
      { of: 1, generation: 1 },
      { of: 2 },
    ]);
    expect(host.kernel.opened).toBe(0);
  });

  it('is in step with what is planned next: nothing is left to do', async () => {
    await host.bring(wanted('a'));
    expect(host.plan(wanted('a')).steps).toMatchObject([{ step: { kind: 'none', condition: 'Ready' } }]);
    expect(await host.apply(host.plan(wanted('a')))).toEqual([]);
    expect(await host.story()).toEqual(['intent attach a', 'done attach a']);
  });

  it('swaps a program within its link, and removes the instance that was left', async () => {
    await host.bring(wanted('a'));
    const { link } = host.kernel.observe().owned[0] ?? {};
    await host.bring(wanted('a', { digest: 'bbbb' }));
    expect(host.running('a')).toEqual(['native bbbb']);
    expect(host.kernel.observe().owned[0]?.link?.id).toBe(link?.id);
    expect(instances('a')).toEqual(['bbbb']);
  });

  it('keeps what was left where it has to wait for its confirmation, and says so', async () => {
    await host.bring(wanted('a'));
    await host.apply(host.plan(wanted('a', { digest: 'bbbb' })), { keep: true });
    expect(instances('a')).toEqual(['aaaa', 'bbbb']);
    expect((await host.records()).at(-1)).toMatchObject({
      phase: 'done',
      note: 'the former instance is kept until the change is confirmed',
    });
  });

  it('detaches with all pins, and nothing of ours is left', async () => {
    await host.bring(wanted('a'));
    await host.bring();
    expect(host.running('a')).toEqual([]);
    expect(host.kernel.observe().owned).toEqual([]);
  });

  it('records no way back where it only mends', async () => {
    await host.apply(host.plan(wanted('a')), { restores: true });
    expect((await host.records())[0]).not.toHaveProperty('inverse');
  });
});

describe('a step that fails', () => {
  it('is undone at once, does not stop the others, and leaves no pin', async () => {
    host.kernel.failOnce('createLink', busy);
    const applied = await host.apply(host.plan(wanted('a'), wanted('b')));
    expect(applied).toMatchObject([
      { outcome: 'failed', step: { interface: 'a' }, error: busy },
      { outcome: 'done', step: { interface: 'b' } },
    ]);
    expect(host.running('b')).toEqual(['native aaaa']);
    expect(host.kernel.observe().owned.map(({ name }) => name)).toEqual(['b']);
    expect(await host.records()).toMatchObject([
      {},
      {},
      { phase: 'failed', of: 1, note: busy.message },
      { phase: 'done' },
    ]);
    expect(host.kernel.opened).toBe(0);
  });

  it('is not tried where its program was refused', async () => {
    const failed = new Map([['a', new EnvironmentError('refused')]]);
    const applied = await host.apply(host.plan(wanted('a'), wanted('b')), {
      proven: { failed, loaded: new Map([['b', { object: host.kernel.load('aaaa') }]]) },
    });
    expect(applied.map(({ step }) => step.interface)).toEqual(['b']);
    expect(await host.story()).toEqual(['intent attach b', 'done attach b']);
  });

  it('is stuck where it cannot be undone either, and the journal says both', async () => {
    await host.bring(wanted('a'));
    const planned = host.plan(wanted('a', { digest: 'bbbb' }));
    host.kernel.failOnce('swapProgram', busy);
    const [step] = planned.steps;
    if (step) delete step.inverse;
    const applied = await host.apply(planned);
    expect(applied).toMatchObject([{ outcome: 'stuck' }]);
    expect((await host.records()).at(-1)).toMatchObject({
      phase: 'failed',
      note: `${busy.message}; undoing it failed: nothing of the former state is pinned`,
    });
  });
});

describe('what turns out wrong', () => {
  const blind = (change: (state: ObservedState) => ObservedState) => ({
    observe: () => Promise.resolve(change(host.kernel.observe())),
  });

  it('is undone when the kernel does not run what was promised', async () => {
    await host.bring(wanted('a'));
    const lost = blind((state) => ({
      ...state,
      interfaces: state.interfaces.map((one) => ({ ...one, xdp: [] })),
    }));
    const applied = await host.apply(host.plan(wanted('a', { digest: 'bbbb' })), lost);
    expect(applied).toMatchObject([{ outcome: 'undone', error: { exitCode: EXIT.rolledBack } }]);
    expect(applied[0]?.error?.message).toMatch(/^a: the interface does not run our link/);
    expect(host.running('a')).toEqual(['native aaaa']);
    expect(instances('a')).toEqual(['aaaa']);
    expect((await host.records()).at(-1)).toMatchObject({ phase: 'undone', of: 3 });
  });

  it('is undone as a whole when nobody can look', async () => {
    const applied = await host.apply(host.plan(wanted('a'), wanted('b')), {
      observe: () => Promise.reject(new EnvironmentError('no bpftool')),
    });
    expect(applied).toMatchObject([
      { outcome: 'undone', step: { interface: 'b' }, error: { message: 'no bpftool' } },
      { outcome: 'undone', step: { interface: 'a' } },
    ]);
    expect([host.running('a'), host.running('b')]).toEqual([[], []]);
    expect(host.kernel.observe().owned).toEqual([]);
  });

  it('is undone backwards when it is judged wrong, and is told before it is written down', async () => {
    const seen: unknown[] = [];
    const applied = await host.apply(host.plan(wanted('a'), wanted('b')), {
      findFailure: () => {
        seen.push(host.running('a'));
        return Promise.resolve('ping 10.0.0.1 has no answer');
      },
      reverted: () => seen.push(host.running('a'), host.kernel.observe().owned.length),
    });
    expect(seen).toEqual([['native aaaa'], [], 2]);
    expect(applied.map(({ step, outcome }) => `${outcome} ${step.interface}`)).toEqual([
      'undone b',
      'undone a',
    ]);
    expect(applied[0]?.error).toMatchObject({
      message: 'ping 10.0.0.1 has no answer',
      exitCode: EXIT.rolledBack,
    });
    expect(await host.story()).toEqual([
      'intent attach a',
      'intent attach b',
      'undone attach b',
      'undone attach a',
    ]);
  });

  it('is not judged where nothing of it is right', async () => {
    host.kernel.failOnce('createLink', busy);
    const applied = await host.apply(host.plan(wanted('a')), {
      findFailure: () => Promise.reject(new Error('asked')),
    });
    expect(applied).toMatchObject([{ outcome: 'failed' }]);
  });
});
