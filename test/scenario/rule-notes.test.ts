// What people say of rules is told wherever rules are, and changes nothing that runs; a disabled rule decides nothing.
// needs: curl lab
import { expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explain.js';
import type { History } from '../../src/model/history.js';
import type { RuleCounters } from '../../src/model/rule-counters.js';
import { createLab, type Lab } from '../lab.js';
import { finish, within } from '../lab/exec.js';
import { document, reconcile } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';

const PING = { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop', log: { oneIn: 1 } };
const NOTES = { description: 'until the scan is over', owner: 'netops', ticket: 'NET-12' };
const WORDS = 'until the scan is over (owner: netops, ticket: NET-12)';

const running = async (lab: Lab) => (await lab.netShow()).xdp[0]?.id;

it('tells what people say of a rule, and loads nothing because of it', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [PING] });
  await reconcile(lab);
  const before = await running(lab);
  await lab.ping(2);
  writePolicy(lab, { rules: [{ ...PING, ...NOTES }] });
  await reconcile(lab);
  expect(await running(lab)).toBe(before);
  expect((await counts(lab))['no-ping']).toBe(2);

  const { generations } = document<History>(await lab.run(['history', '--output', 'json']), 0);
  expect(generations.map(({ changes }) => changes)).toEqual([
    ['veth0: policy edge, mode native'],
    ['policy edge: rule no-ping changed: description, owner, ticket'],
  ]);
  const asked = ['explain', 'veth0', '{protocol: icmp}'];
  const explained = document<Explanation>(await lab.run([...asked, '--output', 'json']), 0);
  expect(explained.running.notes).toEqual(NOTES);
  expect((await lab.run(asked)).stdout.split('\n').filter((line) => line.includes(WORDS))).toHaveLength(2);

  for (const [args, wanted] of [
    [[], WORDS],
    [['--output', 'json'], `"notes":${JSON.stringify(NOTES)}`],
  ] as const) {
    const child = lab.start(['events', '--count', '1', ...args]);
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    await expect.poll(() => said).toContain('listening on veth0\n');
    await lab.ping(1);
    expect((await child).stdout).toContain(wanted);
  }
});

it('a disabled rule decides nothing, and the page knows of it', async () => {
  await using lab = await createLab();
  await lab.exec('ip', 'link', 'set', 'lo', 'up');
  writePolicy(lab, {
    rules: [
      { ...PING, ...NOTES, enabled: false },
      { ...PING, name: 'seen', action: 'pass' },
    ],
  });
  const daemon = lab.start(['reconcile', '--watch', '--http', '127.0.0.1:9470']);
  const ask = async () =>
    (await finish(...within(lab.network.firewall, ['curl', '-s', 'http://127.0.0.1:9470/api/rules']))).stdout;
  await expect.poll(ask).toContain('"no-ping"');
  await lab.ping(2);
  await expect.poll(async () => (await counts(lab))['seen']).toBe(2);
  const { interfaces } = JSON.parse(await ask()) as RuleCounters;
  expect(interfaces[0]?.rules.map(({ name }) => name)).not.toContain('no-ping');
  expect(interfaces[0]?.disabled).toMatchObject([{ name: 'no-ping', action: 'drop', ...NOTES }]);
  daemon.kill('SIGTERM');
  await daemon;
});
