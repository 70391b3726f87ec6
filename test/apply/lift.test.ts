// Links above an interface while it gets a program, on a kernel that is made up and does not mind them: that Linux refuses the one
// below is for test/scenario/ to show.
import { beforeEach, expect, test } from 'vitest';
import { whileLifted } from '../../src/apply/lift.js';
import { KernelError } from '../../src/model/errors.js';
import type { LiftedLink } from '../../src/model/step.js';
import { FakeHost } from '../fakes/host.js';
import { wanted } from '../support/states.js';

let host: FakeHost;
beforeEach(async () => {
  host = new FakeHost();
  for (const [at, name] of ['low', 'mid', 'top'].entries()) host.kernel.addInterface(name, at + 2);
  await host.bring(wanted('mid'), wanted('top', { digest: 'bbbb' }));
});
const above = (name: string, ifindex: number): LiftedLink => ({
  interface: name,
  ifindex,
  modes: ['native'],
});
const LIFTS = [above('mid', 3), above('top', 4)];
const all = () => ['low', 'mid', 'top'].map((name) => host.running(name));
const AS_BEFORE = [[], ['native aaaa'], ['native bbbb']];
const lifted = <T>(attach: () => T, lifts: readonly LiftedLink[] | undefined = LIFTS) =>
  whileLifted(host.kernel.pins, 'low', lifts, attach);

test('nothing of ours is above while the program is attached, and then it is back', () => {
  expect(all()).toEqual(AS_BEFORE);
  expect(
    lifted(() => {
      expect(all()).toEqual([[], [], []]);
      return 'attached';
    }),
  ).toBe('attached');
  expect(all()).toEqual(AS_BEFORE);
  expect(host.kernel.opened).toBe(0);
});

test('where nothing has to be lifted, nothing is', () => {
  expect(whileLifted(host.kernel.pins, 'low', undefined, all)).toEqual(AS_BEFORE);
});

test('what has no link any more is left alone', () => {
  host.kernel.removeLink('mid');
  lifted(() => undefined);
  expect(all()).toEqual([[], [], ['native bbbb']]);
});

test('when the attachment fails, what was above is back', () => {
  const busy = new KernelError('test', 16, 'EBUSY', 'busy');
  expect(() =>
    lifted(() => {
      throw busy;
    }),
  ).toThrow(busy);
  expect(all()).toEqual(AS_BEFORE);
  expect(host.kernel.opened).toBe(0);
});

test('when one above cannot be made again, the attachment below is dropped, and those above are made without it', async () => {
  await host.bring(wanted('low', { digest: 'cccc' }), wanted('mid'), wanted('top', { digest: 'bbbb' }));
  const busy = new KernelError('test', 16, 'EBUSY', 'busy');
  expect(() => {
    lifted(() => {
      host.kernel.failOnce('createLink', busy);
    });
  }).toThrow('busy');
  expect(all()).toEqual(AS_BEFORE);
});
