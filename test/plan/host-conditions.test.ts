// The conditions of a host, each as a whole; and since when one holds: what is recorded, or what the boot explains, and else nothing.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bootedAt } from '../../src/kernel/boot.js';
import type { DriftCause } from '../../src/model/drift.js';
import type { Condition } from '../../src/model/step.js';
import type { StatusCondition } from '../../src/model/status.js';
import { type Circumstances, hostConditions } from '../../src/plan/host-conditions.js';
import { suspension } from '../fakes/pass.js';

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

const revision = { commit: '9f8e7d6c5b4a3210', subject: 'Open 443', author: 'a', time: BOOTED };
const signed = { ...revision, signer: { principal: 'alice', key: 'k' } };
const row = (name: string, condition: Condition, changed?: string) => ({
  name,
  condition,
  reason: `it is ${condition}`,
  ...(changed !== undefined && { changed }),
});
const hold = { digests: [], generation: 3, reason: 'too strict', since: CHANGED };
const waiting = {
  ...{ generation: 4, previous: 3, since: CHANGED, deadline: '2026-01-03', secondsLeft: 9 },
  armed: { by: 'watchdog', pid: 1 } as const,
};

it.each<[StatusCondition, Partial<Circumstances>]>([
  [{ type: 'Ready', status: 'True', reason: 'NothingWanted', message: 'no interface is wanted' }, {}],
  [
    { type: 'Ready', status: 'True', reason: 'InSync', message: 'the interface is in sync' },
    { rows: [row('a', 'Ready')] },
  ],
  [
    {
      type: 'Ready',
      status: 'True',
      reason: 'InSync',
      message: 'all 3 interfaces are in sync',
      since: CHANGED,
    },
    { rows: [row('a', 'Ready', CHANGED), row('b', 'Degraded', BOOTED), row('c', 'Ready')] },
  ],
  [
    { type: 'Ready', status: 'False', reason: 'Missing', message: 'b: it is Missing' },
    { rows: [row('a', 'Degraded'), row('b', 'Missing'), row('c', 'Failed')] },
  ],
  [
    { type: 'Degraded', status: 'False', reason: 'AsWanted', message: 'everything is as wanted' },
    { rows: [row('a', 'Ready'), row('b', 'Drifted'), row('c', 'Stalled')] },
  ],
  ...(['Missing', 'Refused', 'Failed'] as const).map(
    (condition): [StatusCondition, Partial<Circumstances>] => [
      { type: 'Degraded', status: 'True', reason: condition, message: `b: it is ${condition}` },
      { rows: [row('a', 'Ready'), row('b', condition, CHANGED)] },
    ],
  ),
  [
    {
      type: 'Degraded',
      status: 'True',
      reason: 'FellBack',
      message: 'a: it is Degraded (and 2 more)',
      since: CHANGED,
    },
    { rows: [row('a', 'Degraded', BOOTED), row('b', 'Degraded', CHANGED), row('c', 'Failed')] },
  ],
  [
    { type: 'Degraded', status: 'True', reason: 'FellBack', message: 'a: it is Degraded' },
    { rows: [row('a', 'Degraded')] },
  ],
  [
    {
      type: 'Drifted',
      status: 'False',
      reason: 'NoDrift',
      message: 'nobody else changed what runs',
    },
    { rows: [row('a', 'Failed')] },
  ],
  [
    { type: 'Pending', status: 'True', reason: 'Pending', message: 'b: it is Pending' },
    { rows: [row('a', 'Drifted'), row('b', 'Pending')] },
  ],
  [
    { type: 'Pending', status: 'False', reason: 'NoChanges', message: 'no change waits to be made' },
    { rows: [row('a', 'Drifted')] },
  ],
  [
    { type: 'Drifted', status: 'True', reason: 'Drifted', message: 'b: it is Drifted (and 1 more)' },
    { rows: [row('a', 'Failed'), row('b', 'Drifted'), row('c', 'Drifted')] },
  ],
  [
    { type: 'Stalled', status: 'False', reason: 'NotStalled', message: 'nothing was given up' },
    { rows: [row('a', 'Drifted')] },
  ],
  [
    { type: 'Stalled', status: 'True', reason: 'Stalled', message: 'a: it is Stalled' },
    { rows: [row('a', 'Stalled')] },
  ],
  [{ type: 'Held', status: 'False', reason: 'NoHold', message: 'the state files are applied' }, {}],
  [
    {
      type: 'Held',
      status: 'True',
      reason: 'HeldByOperator',
      message: 'generation 3 is kept: too strict',
      since: CHANGED,
    },
    { hold },
  ],
  [
    {
      type: 'Held',
      status: 'True',
      reason: 'ChangeUndone',
      message: 'generation 3 is kept: too strict',
      since: CHANGED,
    },
    { hold: { ...hold, undone: 4 } },
  ],
  [{ type: 'Suspended', status: 'False', reason: 'NotSuspended', message: 'passes change what differs' }, {}],
  [
    {
      ...{
        type: 'Suspended',
        status: 'True',
        reason: 'SuspendedByOperator',
        since: '2025-01-01T00:00:00.000Z',
      },
      message:
        'a, while its file is there, by root since 2026-01-01T00:00:00.000Z (maintenance); everything, while its file is there, by root since 2025-01-01T00:00:00.000Z (maintenance)',
    },
    { suspensions: [suspension('a'), { ...suspension(), since: '2025-01-01T00:00:00.000Z' }] },
  ],
  [
    {
      type: 'PendingConfirm',
      status: 'False',
      reason: 'NothingPending',
      message: 'no change waits to be confirmed',
    },
    {},
  ],
  [
    {
      type: 'PendingConfirm',
      status: 'True',
      reason: 'WaitsForConfirm',
      message: 'generation 4 waits until 2026-01-03',
      since: CHANGED,
    },
    { pending: waiting },
  ],
  [
    {
      type: 'SourceVerified',
      status: 'Unknown',
      reason: 'NoSource',
      message: 'the state files come from no git source',
    },
    {},
  ],
  [
    {
      ...{ type: 'SourceVerified', status: 'False', reason: 'NotVerified' },
      message: 'commit 9f8e7d6c5b4a "Open 443": signatures are not asked for',
    },
    { source: { revision } },
  ],
  [
    {
      ...{ type: 'SourceVerified', status: 'True', reason: 'SignatureGood', since: CHANGED },
      message: 'commit 9f8e7d6c5b4a "Open 443" is signed by alice',
    },
    { source: { revision: signed, adopted: CHANGED } },
  ],
  [
    {
      ...{ type: 'SourceVerified', status: 'False', reason: 'SourceRefused', since: BOOTED },
      message: 'commit 9f8e7d6c5b4a "Open 443" stays, the newest is refused: not signed',
    },
    { source: { revision: signed, adopted: CHANGED, refusal: { reason: 'not signed', since: BOOTED } } },
  ],
])('%o', (expected, about) => {
  const found = hostConditions({ rows: [], booted: BOOTED, suspensions: [], ...about });
  expect(found.find((one) => one.type === expected.type)).toStrictEqual(expected);
  expect(found).toHaveLength(9);
});
