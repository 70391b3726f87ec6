// Which attachments a pass waits for, on a kernel that is made up and lets a link go when the test says so. With a real kernel:
// wait-for-detaching-links.test.ts.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readSoundJournal } from '../../src/journal/read.js';
import type { Handle } from '../../src/kernel/pins.js';
import type { ObservedState } from '../../src/model/observed.js';
import { waitForDetachingLinks } from '../../src/pass/wait-for-detaching-links.js';
import { PassHost } from '../fakes/pass.js';
import { wanted } from '../support/states.js';

let host: PassHost;
const open: Handle[] = [];
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
});
afterEach(() => {
  for (const one of open.splice(0)) one[Symbol.dispose]();
});

/** Somebody holds the link of an interface, so that it lives on without its pin. */
function hold(name: string): Handle {
  const held = host.kernel.openPin(host.kernel.pins.link(name));
  if (!held) throw new Error('no link');
  open.push(held);
  return held;
}

/** What is seen after waiting, how often the kernel was asked what is attached, and looked at as a whole. */
async function wait(seen: ObservedState, leaves?: { after: number; link: Handle }) {
  const { records } = readSoundJournal(host.dataDir);
  let looks = 0;
  const observe = () => {
    looks += 1;
    return Promise.resolve(host.kernel.observe());
  };
  const { pins } = host.kernel;
  let asked = 0;
  const ask = pins.objects.attachedProgram.bind(pins.objects);
  const spy = vi.spyOn(pins.objects, 'attachedProgram').mockImplementation((ifindex, mode) => {
    if (++asked === leaves?.after) leaves.link[Symbol.dispose]();
    return ask(ifindex, mode);
  });
  const after = await waitForDetachingLinks(seen, { dataDir: host.dataDir, pins, observe }, records);
  spy.mockRestore();
  return { after, looks, asked };
}

/** The name that the made-up kernel gives a program is its digest; the real one gives the function. */
const named = (seen: ObservedState, name = 'icmp_drop'): ObservedState => ({
  ...seen,
  interfaces: seen.interfaces.map((one) => ({
    ...one,
    xdp: one.xdp.map((xdp) => ({ ...xdp, programName: name })),
  })),
});

test('what runs, and what is another’s, is not waited for', async () => {
  await host.pass([wanted('a')]);
  const running = named(host.kernel.observe());
  expect(await wait(running)).toEqual({ after: running, looks: 0, asked: 0 });
  host.kernel.attachForeign(3, 'native');
  const foreign = named(host.kernel.observe());
  const waited = await wait(foreign);
  expect(waited.after).toBe(foreign);
  expect(waited).toMatchObject({ looks: 0, asked: 0 });
});

test('a link of ours that leaves is waited for, and then all is looked at again', async () => {
  await host.pass([wanted('a')]);
  const link = hold('a');
  host.kernel.removeLink('a');
  const seen = named(host.kernel.observe());
  expect(seen.interfaces[0]?.xdp).toHaveLength(1);
  const { after, looks, asked } = await wait(seen, { after: 3, link });
  expect([looks, asked]).toEqual([1, 3]);
  expect(after.interfaces[0]?.xdp).toEqual([]);
});

test('so is a program of ours that is attached without a link, where one of the name was ours', async () => {
  await host.pass([wanted('a')]);
  host.kernel.removeLink('a');
  host.kernel.attachForeign(2, 'native');
  const seen = named(host.kernel.observe());
  const { after, looks, asked } = await wait(seen);
  expect(after, 'it stays: somebody else holds it').toBe(seen);
  expect([looks, asked]).toEqual([0, 50]);
});

test('a name is compared as far as the kernel keeps it', async () => {
  const long = wanted('a');
  await host.pass([{ ...long, program: { ...long.program, function: 'a_function_of_a_long_name' } }]);
  const link = hold('a');
  host.kernel.removeLink('a');
  const seen = host.kernel.observe();
  expect(await wait(named(seen, 'a_function_of_b'))).toMatchObject({ asked: 0 });
  expect(await wait(named(seen, 'a_function_of_a'), { after: 1, link })).toMatchObject({
    asked: 1,
    looks: 1,
  });
});

test('what we put there in another boot or network namespace is no reason to wait', async () => {
  await host.pass([wanted('a')]);
  hold('a');
  host.kernel.removeLink('a');
  const seen = named(host.kernel.observe());
  expect(await wait({ ...seen, boot: 'another' })).toMatchObject({ asked: 0 });
  expect(await wait({ ...seen, netns: 1 })).toMatchObject({ asked: 0 });
});
