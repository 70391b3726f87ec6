// Not a test of xdpkeep: what test/lab.test.ts runs in a vitest of its own, to see what becomes of a test that hangs.
import { readlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createLab } from '../../lab.js';
import { background, must } from '../exec.js';

const home = readlinkSync('/proc/self/ns/net');
let left: string[] = [];

it('hangs', async () => {
  await using lab = await createLab();
  const children = [
    background('sh', ['-c', 'sleep 600; :']),
    lab.start(['reconcile', '--watch']),
    lab.execOutside('sleep', '600'),
  ];
  left = [lab.bpffs, `/var/run/netns/${lab.name}`];
  await lab.inside(() => Promise.all(children));
});

it('is not in the way of the next test', async () => {
  expect(readlinkSync('/proc/self/ns/net')).toBe(home);
  expect(left).toHaveLength(2);
  for (const path of left) expect(await must('sh', ['-c', `ls -d ${path} || true`])).toBe('');
  await using lab = await createLab();
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 1 });
});

it('passes and leaves something running', () => {
  void background('sleep', ['600']);
});
