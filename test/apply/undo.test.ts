// The executor on a kernel that is made up: steps that count on each other, what is recorded of each, and what is not left behind
// when one is undone.
import { existsSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory } from '../../src/kernel/bpffs.js';
import { KernelError } from '../../src/model/errors.js';
import type { Plan } from '../../src/model/step.js';
import { FakeHost } from '../fakes/host.js';
import { wanted } from '../support/states.js';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
});

const busy = new KernelError('test', 16, 'EBUSY', 'busy');
const wrong = { findFailure: () => Promise.resolve('the probe fails') };
const outcomes = async (planned: Plan, change = {}) =>
  (await host.apply(planned, change)).map(({ outcome, step }) => `${outcome} ${step.kind} ${step.interface}`);
const instances = (name: string) =>
  host.kernel
    .observe()
    .owned.find((one) => one.name === name)
    ?.instances.map(({ digest }) => digest);

describe('renames', () => {
  const exchange = () => {
    host.kernel.rename('a', 'x');
    host.kernel.rename('b', 'a');
    host.kernel.rename('x', 'b');
  };

  it('come first and one by one: what follows counts on the names', async () => {
    await host.bring(wanted('a'), wanted('b', { digest: 'bbbb' }));
    exchange();
    host.kernel.addInterface('c', 4);
    const planned = host.plan(wanted('c'), wanted('a', { digest: 'cccc' }), wanted('b'));
    const before = (await host.story()).length;
    expect(await outcomes(planned)).toEqual(['done rename b', 'done attach c', 'done swap a']);
    expect((await host.story()).slice(before, before + 3)).toEqual([
      'intent rename b',
      'intent attach c',
      'intent swap a',
    ]);
    expect([host.running('a'), host.running('b')]).toEqual([['native cccc'], ['native aaaa']]);
  });

  it('of which one fails leave both names alone, and no others', async () => {
    await host.bring(wanted('a'), wanted('b', { digest: 'bbbb' }));
    exchange();
    host.kernel.addInterface('c', 4);
    const planned = host.plan(wanted('c'), wanted('a', { digest: 'cccc' }), wanted('b', { digest: 'cccc' }));
    host.kernel.failOnce('openPin', busy);
    const [first, ...others] = await outcomes(planned);
    expect(first).toMatch(/^(failed|stuck) rename b$/);
    expect(others).toEqual(['done attach c']);
  });
});

describe('a record of what is done', () => {
  it('says how a link was made, and nothing of that where none was', async () => {
    await host.bring(wanted('a', { mode: 'auto' }));
    await host.bring(wanted('a', { mode: 'auto', digest: 'bbbb' }));
    await host.bring(wanted('a', { mode: 'generic', digest: 'bbbb' }));
    const done = (await host.records()).filter(({ phase }) => phase === 'done');
    expect(done).toMatchObject([
      { step: { kind: 'attach', attached: { mode: 'native' } } },
      { step: { kind: 'swap' } },
      { step: { kind: 'reattach', attached: { mode: 'generic' } } },
    ]);
    expect(done[1]?.step).not.toHaveProperty('attached');
    for (const one of done) expect(one).not.toHaveProperty('note');
    const intents = (await host.records()).filter(({ phase }) => phase === 'intent');
    for (const { step } of intents) expect(step).not.toHaveProperty('attached');
  });

  it('is none where nothing is to be done, or nothing could be proven', async () => {
    const failed = new Map([['a', busy]]);
    expect(await outcomes(host.plan(wanted('a')), { proven: { failed, loaded: new Map() } })).toEqual([]);
    expect(await host.records()).toEqual([]);
  });
});

describe('what is undone', () => {
  it('leaves an instance that was pinned before, and removes one that it brought', async () => {
    await host.bring(wanted('a'));
    await host.apply(host.plan(wanted('a', { digest: 'bbbb' })), { keep: true });
    expect(await outcomes(host.plan(wanted('a')), wrong)).toEqual(['undone swap a']);
    expect(host.running('a')).toEqual(['native bbbb']);
    expect(instances('a')).toEqual(['aaaa', 'bbbb']);
    expect(await outcomes(host.plan(wanted('a', { digest: 'cccc' })), wrong)).toEqual(['undone swap a']);
    expect(instances('a')).toEqual(['aaaa', 'bbbb']);
  });

  it('gives a foreign program back and forgets it', async () => {
    const id = host.kernel.attachForeign(2, 'native');
    const planned = host.plan(wanted('a', { foreign: 'replace' }));
    expect(await outcomes(planned, wrong)).toEqual(['undone attach a']);
    expect(host.kernel.attachedProgram(2, 'native')).toBe(id);
    expect(existsSync(host.kernel.pins.root)).toBe(false);
  });

  it('that only cleaned up has nothing to go back to, and is not stuck', async () => {
    await host.bring(wanted('a'));
    await host.apply(host.plan(wanted('a', { digest: 'bbbb' })), { keep: true });
    expect(await outcomes(host.plan(wanted('a', { digest: 'bbbb' })), wrong)).toEqual(['undone clean a']);
    expect(instances('a'), 'nothing is cleaned before it was judged').toEqual(['aaaa', 'bbbb']);
    makeDirectory(host.kernel.pins.interface('left'));
    const planned = host.plan(wanted('a', { digest: 'bbbb' }));
    expect(await outcomes(planned, wrong)).toEqual(['undone clean a', 'undone detach left'].reverse());
  });

  it('that detached what is pinned nowhere is stuck', async () => {
    await host.bring(wanted('a'));
    const planned = host.plan();
    delete planned.steps[0]?.inverse;
    expect(await outcomes(planned, wrong)).toEqual(['stuck detach a']);
  });

  it('keeps a foreign program where nothing was taken over', async () => {
    const id = host.kernel.attachForeign(2, 'native');
    await host.bring(wanted('a', { foreign: 'replace' }));
    expect(await outcomes(host.plan(wanted('a', { digest: 'bbbb', foreign: 'replace' })), wrong)).toEqual([
      'undone swap a',
    ]);
    expect(host.kernel.observe().owned[0]?.foreign?.programId).toBe(id);
    await host.bring();
    expect(host.kernel.attachedProgram(2, 'native'), 'it is given back').toBe(id);
    expect(existsSync(host.kernel.pins.root)).toBe(false);
  });
});

it('an interface that is there again has its dead link dropped and its maps kept', async () => {
  await host.bring(wanted('a'));
  const { link } = host.kernel.observe().owned[0] ?? {};
  host.kernel.recreate('a', 7);
  await host.bring(wanted('a'));
  expect(host.running('a')).toEqual(['native aaaa']);
  expect(host.kernel.observe().owned[0]?.link?.id).not.toBe(link?.id);
});
