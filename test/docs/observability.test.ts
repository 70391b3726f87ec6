// The alert rules are tested by Prometheus' own tool; the dashboard and the rules ask for metrics that there are.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { promtool } from '../lab/unpacked.js';
import { expose } from '../../src/metrics/exposition.js';
import { exampleSnapshot } from '../support/snapshot.js';

const FOLDER = 'examples/observability';

it('the alert rules alert when they should, and not before', async () => {
  const checked = await promtool(['check', 'rules', `${FOLDER}/rules.yml`]);
  expect(checked).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('SUCCESS: 9 rules') as string,
  });
  const tested = await promtool(['test', 'rules', `${FOLDER}/rules.test.yml`]);
  expect(tested).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('SUCCESS') as string });
});

it('dashboard and rules ask for nothing that is not exposed, and every metric has help', async () => {
  const text = await expose(exampleSnapshot());
  const exposed = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  for (const file of ['rules.yml', 'dashboard.json']) {
    const asked = [...readFileSync(`${FOLDER}/${file}`, 'utf8').matchAll(/\bxdpkeep_[a-z_]+/g)].map(
      ([name]) => name,
    );
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((name) => !exposed.has(name))).toEqual([]);
  }
});

it('the dashboard is one that Grafana imports', () => {
  const dashboard = JSON.parse(readFileSync(`${FOLDER}/dashboard.json`, 'utf8')) as {
    title: string;
    schemaVersion: number;
    panels: { title: string; type: string; targets: { expr: string }[]; gridPos: { x: number; w: number } }[];
  };
  expect(dashboard.title).toBe('xdpkeep');
  expect(dashboard.schemaVersion).toBeGreaterThan(30);
  for (const { title, type, targets, gridPos } of dashboard.panels) {
    expect([title, type].every((text) => text.length > 0)).toBe(true);
    expect(targets.length).toBeGreaterThan(0);
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  }
});
