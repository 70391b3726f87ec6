// Since when a condition holds: what is recorded, or what the boot explains, and else nothing.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bootedAt } from '../../src/kernel/boot.js';
import type { DriftCause } from '../../src/model/drift.js';
import type { Condition } from '../../src/model/step.js';
import { hostConditions } from '../../src/plan/host-conditions.js';

const BOOTED = '2026-01-01T00:00:00.000Z';
const CHANGED = '2026-01-02T00:00:00.000Z';

it.each<[type: string, row: { condition: Condition; drift?: DriftCause }, since: string | undefined]>([
  ['Ready', { condition: 'Ready' }, CHANGED],
  ['Degraded', { condition: 'Degraded' }, CHANGED],
  ['Drifted', { condition: 'Drifted', drift: 'rebooted' }, BOOTED],
  ['Ready', { condition: 'Drifted', drift: 'rebooted' }, BOOTED],
  ['Degraded', { condition: 'Failed', drift: 'rebooted' }, BOOTED],
  ['Drifted', { condition: 'Drifted', drift: 'detached' }, undefined],
  ['Ready', { condition: 'Drifted', drift: 're-created' }, undefined],
  ['Stalled', { condition: 'Stalled', drift: 'replaced' }, undefined],
  ['Drifted', { condition: 'Drifted' }, undefined],
])('%s of an interface that is %o', (type, row, since) => {
  const rows = [{ name: 'veth0', reason: 'why', changed: CHANGED, ...row }];
  const found = hostConditions({ rows, booted: BOOTED, suspensions: [] }).find((one) => one.type === type);
  expect(found?.since).toBe(since);
});

it('the time of the boot is that of the kernel', () => {
  const seconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
  expect(Math.abs(Date.parse(bootedAt()) / 1000 - seconds)).toBeLessThan(5);
});
