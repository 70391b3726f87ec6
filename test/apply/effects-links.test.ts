// Effects on links and on foreign programs, one by one: what each changes, that it may be run again, what it says where it cannot.
import { existsSync, readlinkSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { dropLink, forgetForeign, giveBack, link, swap, takeOver } from '../../src/apply/effects.js';
import { NativeRefusedError } from '../../src/kernel/attach.js';
import type { Pins } from '../../src/kernel/pins.js';
import { KernelError } from '../../src/model/errors.js';
import type { FakeKernel } from '../fakes/kernel.js';
import { VANISHED, makeKernel, pinnedInstance, thrown } from './made-up.js';

let kernel: FakeKernel;
let pins: Pins;
beforeEach(() => {
  kernel = makeKernel();
  ({ pins } = kernel);
});
const instance = (digest: string, name?: string, maps?: { name: string }[]) =>
  pinnedInstance(kernel, digest, name, maps);
const running = (ifindex = 2) => kernel.attachedProgram(ifindex, 'native');
const nothingOpen = () => {
  expect(kernel.opened).toBe(0);
};

describe('a link', () => {
  it('is made once, in the first mode that works', () => {
    const id = instance('aaaa');
    expect(link(pins, 'a', 2, ['native', 'generic'], 'aaaa')).toEqual({ mode: 'native' });
    expect(running()).toBe(id);
    expect(link(pins, 'a', 2, ['native'], 'aaaa'), 'it is there').toBeUndefined();
    nothingOpen();
  });

  it('falls back where the driver refuses, and says why; and nowhere else', () => {
    instance('aaaa', 'old');
    expect(link(pins, 'old', 3, ['native', 'generic'], 'aaaa')).toEqual({
      mode: 'generic',
      fellBackBecause: expect.stringContaining('not supported') as string,
    });
    dropLink(pins, 'old');
    expect(thrown(() => link(pins, 'old', 3, ['native'], 'aaaa'))).toBeInstanceOf(NativeRefusedError);
    kernel.failOnce('createLink', new KernelError('attach', 16, 'EBUSY', 'busy'));
    expect(thrown(() => link(pins, 'old', 3, ['native', 'generic'], 'aaaa'))).toMatchObject({
      code: 'EBUSY',
    });
    expect(thrown(() => link(pins, 'old', 3, [], 'aaaa'))).toMatchObject({ message: 'no mode to attach in' });
    nothingOpen();
  });

  it('is not there where it runs another program, or is on another interface', () => {
    instance('aaaa');
    instance('bbbb');
    link(pins, 'a', 2, ['native'], 'aaaa');
    expect(thrown(() => link(pins, 'a', 2, ['native'], 'bbbb'))).toMatchObject({ code: 'EBUSY' });
    expect(
      thrown(() => link(pins, 'a', 3, ['generic'], 'aaaa')),
      'its pin is there',
    ).toMatchObject({
      code: 'EEXIST',
    });
  });

  it('that has no program to run says so', () => {
    expect(thrown(() => link(pins, 'a', 2, ['native'], 'gone'))).toMatchObject(VANISHED);
  });

  it('is dropped whoever else holds it, and again', () => {
    instance('aaaa');
    link(pins, 'a', 2, ['native'], 'aaaa');
    using held = kernel.openPin(pins.link('a'));
    dropLink(pins, 'a');
    expect(running()).toBe(0);
    dropLink(pins, 'a');
    expect(held).toBeDefined();
  });

  it('swaps its program from the one that is expected, once', () => {
    const [old, new_] = [instance('aaaa'), instance('bbbb')];
    link(pins, 'a', 2, ['native'], 'aaaa');
    const stranger = kernel.attachForeign(3, 'generic');
    const to = (digest: string, from: Parameters<typeof swap>[3]) => {
      swap(pins, 'a', digest, from);
    };
    expect(
      thrown(() => {
        to('bbbb', { programId: stranger, digest: undefined });
      }),
    ).toMatchObject({ code: 'EPERM' });
    expect(
      thrown(() => {
        to('bbbb', { programId: 9999, digest: 'aaaa' });
      }),
    ).toMatchObject(VANISHED);
    expect(
      thrown(() => {
        to('bbbb', { programId: undefined, digest: 'gone' });
      }),
    ).toMatchObject(VANISHED);
    expect(running()).toBe(old);
    to('bbbb', { programId: old, digest: undefined });
    expect(running()).toBe(new_);
    to('bbbb', { programId: 9999, digest: 'gone' }); // done already
    to('aaaa', { programId: undefined, digest: 'bbbb' });
    expect(running()).toBe(old);
    nothingOpen();
  });
});

describe('a foreign program', () => {
  const foreign = (programId: number, linkId?: number) => ({
    programId,
    programName: 'theirs',
    mode: 'native' as const,
    ...(linkId !== undefined && { linkId }),
  });
  const kept = () => {
    using program = kernel.openPin(pins.foreign('a'));
    return program && kernel.programId(program);
  };

  it('is kept and detached, and that again', () => {
    const id = kernel.attachForeign(2, 'native');
    takeOver(pins, 'a', 2, foreign(id));
    expect([running(), kept()]).toEqual([0, id]);
    expect(readlinkSync(pins.foreignMode('a'))).toBe('native');
    takeOver(pins, 'a', 2, foreign(id));
    expect([running(), kept()]).toEqual([0, id]);
    nothingOpen();
  });

  it('is detached however it is held', () => {
    const { programId, linkId } = kernel.linkForeign(2, 'native');
    takeOver(pins, 'a', 2, foreign(programId, linkId));
    expect([running(), kept()]).toEqual([0, programId]);
  });

  it('takes the place of one that was kept before, and only where it is another one', () => {
    const first = kernel.attachForeign(2, 'native');
    takeOver(pins, 'a', 2, foreign(first));
    kernel.failOnce('pin', new Error('it is kept already'));
    takeOver(pins, 'a', 2, foreign(first));
    const second = kernel.attachForeign(2, 'native');
    expect(
      thrown(() => {
        takeOver(pins, 'a', 2, foreign(second));
      }),
    ).toMatchObject({ message: 'it is kept already' });
    takeOver(pins, 'a', 2, foreign(second));
    expect(kept()).toBe(second);
  });

  it('that is gone, or whose link is, is said', () => {
    expect(
      thrown(() => {
        takeOver(pins, 'a', 2, foreign(9999));
      }),
    ).toMatchObject(VANISHED);
    const id = kernel.attachForeign(2, 'native');
    expect(
      thrown(() => {
        takeOver(pins, 'a', 2, foreign(id, 9999));
      }),
    ).toMatchObject(VANISHED);
  });

  it('is given back in its mode, and forgotten then', () => {
    const id = kernel.attachForeign(2, 'native');
    takeOver(pins, 'a', 2, foreign(id));
    giveBack(pins, 'a', 2, { programId: id, mode: 'generic' });
    expect(kernel.attachedProgram(2, 'generic')).toBe(id);
    giveBack(pins, 'a', 2, { programId: id, mode: 'generic' });
    forgetForeign(pins, 'a');
    expect(existsSync(pins.root), 'nothing of ours is left').toBe(false);
    nothingOpen();
  });

  it('that was never taken is not given back; one that was must be there', () => {
    giveBack(pins, 'a', 2, { programId: 90, mode: 'native', ifTaken: true });
    expect(running()).toBe(0);
    expect(
      thrown(() => {
        giveBack(pins, 'a', 2, { programId: 90, mode: 'native' });
      }),
    ).toMatchObject(VANISHED);
  });
});
