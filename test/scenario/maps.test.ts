// What programs keep in maps, as operators meet it: globals are shown, tail calls work, updates carry content over.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { document, reconcile, writeHost } from '../support/host.js';

interface Maps {
  maps: { interface: string; name: string; maxEntries: number; entries: { value: unknown }[] }[];
}

/** Makes a program of test/programs/ the one of veth0. */
function useProgram(lab: Lab, name: string, function_: string): void {
  lab.writeState({ 'programs/own.bpf.c': readFileSync(`test/programs/${name}.bpf.c`, 'utf8') });
  writeHost(lab, { veth0: `mode: native, program: {file: programs/own.bpf.c, function: ${function_}}` });
}

it('global variables are shown beside the maps of the program', async () => {
  await using lab = await createLab();
  useProgram(lab, 'globals', 'counts');
  await reconcile(lab);
  expect(await lab.ping(3)).toEqual({ sent: 3, received: 0 });
  const { maps } = document<Maps>(await lab.run(['maps', '--output', 'json']), 0);
  expect(maps).toMatchObject([{ interface: 'veth0', name: 'counts.bss', maxEntries: 1 }]);
  const [globals] = maps[0]?.entries.map(({ value }) => value) as [{ '.bss': { packets: number }[] }];
  expect(globals['.bss'][0]?.packets).toBeGreaterThanOrEqual(3);
  expect((await lab.run(['maps', 'veth0', 'counts.bss'])).stdout).toMatch(
    /^veth0 counts\.bss .*\n.*"packets":\d/,
  );
});

it('tail calls go on when xdpkeep has ended, and after an update', async () => {
  await using lab = await createLab();
  useProgram(lab, 'tail_call', 'dispatches');
  const text = readFileSync('test/programs/tail_call.bpf.c', 'utf8').replace('XDP_DROP', 'XDP_PASS');
  lab.writeState({ 'programs/own.bpf.c': text });
  await reconcile(lab);
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 2 });

  lab.writeState({ 'programs/own.bpf.c': text.replace('XDP_ABORTED', 'XDP_DROP') });
  const { steps } = await reconcile(lab);
  expect(steps).toMatchObject([{ action: 'update', maps: { carried: [], fresh: [{ name: 'stages' }] } }]);
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 2 });
});

it('an update carries what the kernel changed a little, and tells what starts afresh', async () => {
  await using lab = await createLab();
  useProgram(lab, 'carried', 'passes');
  await reconcile(lab);
  const text = readFileSync('test/programs/carried.bpf.c', 'utf8').replace('key = 8', 'key = 16');
  lab.writeState({ 'programs/own.bpf.c': text });
  const { steps } = await reconcile(lab);
  expect(steps[0]?.maps?.fresh).toEqual([]);
  expect(steps[0]?.maps?.carried.toSorted()).toEqual([
    'events',
    'messages',
    'ports',
    'ports_by_number',
    'prefixes',
    'processors',
    'sockets',
  ]);
});

it('a map that the kernel refuses fails its interface, with the reason and all that libbpf said', async () => {
  await using lab = await createLab();
  useProgram(lab, 'broken', 'looks_up');
  const { steps } = await reconcile(lab, 12);
  expect(steps).toMatchObject([
    {
      outcome: 'failed',
      error: "load looks_up: map 'preallocated': failed to create: Invalid argument(-22) (EINVAL)",
      log: expect.stringContaining("failed to load object 'looks_up'") as string,
    },
  ]);
});
