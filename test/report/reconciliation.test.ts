import { expect, test } from 'vitest';
import type { Reconciliation, ReportedStep } from '../../src/model/reconciliation.js';
import { otherKinds, renderReconciliation } from '../../src/report/reconciliation.js';
import { painter } from '../../src/report/style.js';

const step = (outcome: ReportedStep['outcome'], change: Partial<ReportedStep> = {}): ReportedStep => ({
  interface: 'veth0',
  action: 'attach',
  reason: 'not attached',
  gap: false,
  outcome,
  ...change,
});

function render(steps: ReportedStep[], dryRun = false): string[] {
  const result: Reconciliation = {
    apiVersion: 'xdpkeep/v1',
    kind: 'Reconciliation',
    host: 'lab',
    generation: 1,
    changed: true,
    dryRun,
    steps,
    interfaces: [],
    warnings: [],
    exitCode: 0,
  };
  return renderReconciliation(result, painter(false)).trimEnd().split('\n');
}

const refused = step('refused', { action: 'none', hint: 'h' });

test.each<[steps: ReportedStep[], dryRun: boolean, summary: string]>([
  [[step('done')], false, 'did attach 1, update 0, detach 0'],
  [[step('planned')], true, 'would attach 1, update 0, detach 0'],
  [[refused], false, 'did attach 0, update 0, detach 0; 1 refused'],
  [[step('failed'), step('undone'), refused], false, 'did attach 0, update 0, detach 0; 2 failed; 1 refused'],
  [[step('failed'), refused], true, 'would attach 0, update 0, detach 0; 1 would fail; 1 refused'],
])('what was refused did not fail', (steps, dryRun, summary) => {
  expect(render(steps, dryRun).at(-1)).toBe(summary);
});

test('the log stands below the hint that speaks of it', () => {
  const [, ...lines] = render([step('failed', { error: 'no', hint: 'see below', log: 'one\ntwo' })]);
  expect(lines.slice(1, -1)).toEqual([
    '      error: no',
    '      help: see below',
    '      | one',
    '      | two',
  ]);
});

test.each<[kinds: string[] | undefined, words: string]>([
  [undefined, ''],
  [['IPv4 TCP'], ''],
  [['IPv4 TCP', 'IPv6 TCP'], '; also IPv6 TCP'],
  [['a', 'b', 'c', 'd', 'e'], '; also b, c, d and 1 more kind'],
  [['a', 'b', 'c', 'd', 'e', 'f'], '; also b, c, d and 2 more kinds'],
])('a change of %o is about more than its example: "%s"', (kinds, words) => {
  expect(otherKinds(kinds)).toBe(words);
});
