// needs: lab
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { missingCapabilities, requireCapabilities } from '../../src/kernel/capabilities.js';
import { caught } from '../lab/caught.js';
import { must } from '../lab/exec.js';

const status = (effective: string) =>
  `Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t${effective}\nThreads:\t11\n`;

test.each([
  ['000001ffffffffff', []],
  ['0000000000000000', ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN']],
  ['0000008000201000', []],
  ['0000008000001000', ['CAP_SYS_ADMIN']],
  ['0000000000201000', ['CAP_BPF']],
  ['0000008000200000', ['CAP_NET_ADMIN']],
])('with the effective set %s, missing: %j', (effective, missing) => {
  expect(missingCapabilities(status(effective))).toEqual(missing);
});

test('what is missing is named, with what it is needed for', () => {
  const refusal = caught(() => {
    requireCapabilities(status('0000000000201000'));
  });
  expect(refusal).toMatchObject({
    name: 'PermissionError',
    exitCode: 77,
    message: 'this process lacks CAP_BPF (to load programs and make maps)',
  });
});

test('root with all capabilities is let through', () => {
  requireCapabilities();
});

test.each([
  ['another user', ['--reuid=65534', '--clear-groups'], 'CAP_BPF CAP_NET_ADMIN CAP_SYS_ADMIN'],
  ['root with a bounded set', ['--bounding-set=-net_admin'], 'CAP_NET_ADMIN'],
])('%s is refused', async (_, who, missing) => {
  const child = join(inject('children'), 'capabilities.mjs');
  const [lacking, refusal] = (await must('setpriv', [...who, process.execPath, child])).split('\n');
  expect(lacking).toBe(missing);
  expect(refusal).toMatch(/^77 this process lacks CAP_/);
});
