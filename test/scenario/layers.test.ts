// Layers on an interface of a host: real packets, counted by the row of their layer; a change of one layer keeps the counters of the
// others; explain names layer and line; a layer that fails its own tests is not attached.
// needs: lab
import { expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explain.js';
import type { History } from '../../src/model/history.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile, reconcile } from '../support/host.js';
import { counts, policyFile, type Written } from '../support/policies.js';

const OPS = { name: 'ops', match: { source: '10.77.0.0/16' }, action: 'next', log: { oneIn: 1 } };
const PING = { name: 'ping', match: { protocol: 'icmp' }, action: 'drop' };
const WEB_PING = { ...PING, action: 'pass' };

function write(lab: Lab, base: Written, web: Written, more = ''): void {
  lab.writeState({
    'policies/base.yaml': policyFile('base', base),
    'policies/web.yaml': policyFile('web', web),
    'hosts/lab.yaml': hostFile({ veth0: `mode: native, policies: [base, web]${more}` }),
  });
}

it('counts, changes and explains layer by layer', async () => {
  await using lab = await createLab();
  write(lab, { rules: [OPS, PING] }, { rules: [WEB_PING] });
  await reconcile(lab);
  await lab.ping(2);
  expect(await counts(lab)).toMatchObject({ 'base/ops': 2, 'base/ping': 0, 'web/ping': 2 });

  const listening = lab.start(['events', '--count', '1', '--output', 'json']);
  let said = '';
  listening.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said).toContain('listening on veth0\n');
  await lab.ping(1);
  expect((await listening).stdout).toMatch(/"rule":"base\/ops","verdict":"next"/);

  write(lab, { rules: [OPS, PING] }, { rules: [PING] });
  const { steps } = await reconcile(lab);
  expect(steps).toMatchObject([{ interface: 'veth0', action: 'update', gap: false }]);
  expect(steps[0]?.fates?.changes).toContainEqual(
    expect.objectContaining({ from: 'pass', fromRow: 'web/ping', to: 'drop', toRow: 'web/ping' }),
  );
  await lab.ping(1);
  expect(await counts(lab)).toMatchObject({ 'base/ops': 4, 'base/ping': 0, 'web/ping': 4 });
  const { generations } = document<History>(await lab.run(['history', '--output', 'json']), 0);
  expect(generations.map(({ changes }) => changes)).toEqual([
    ['veth0: policy base+web, mode native'],
    ['policy base+web: rule web/ping changed'],
  ]);

  const asked = ['explain', 'veth0', '{protocol: icmp, source: 10.77.0.2}'];
  const { running, desired } = document<Explanation>(await lab.run([...asked, '--output', 'json']), 0);
  expect(running).toMatchObject({
    policy: 'base+web',
    row: 'web/ping',
    verdict: 'drop',
    counted: ['base/ops'],
  });
  expect(running.at?.file).toBe('policies/web.yaml');
  expect(desired).toMatchObject({ same: true });
  expect((await lab.run(['explain', 'veth0', '{protocol: icmp}'])).stdout).toMatch(
    /drop by base\/ping of policy base\+web, policies\/base\.yaml:\d+/,
  );
});

it('a layer that fails its own tests, or the whole that fails the tests of the host, is not attached', async () => {
  await using lab = await createLab();
  const fails = (name: string) => [{ name, packet: { protocol: 'icmp' }, expect: 'pass' }];
  write(lab, { rules: [OPS, PING] }, { rules: [WEB_PING] });
  await reconcile(lab);
  const before = (await lab.netShow()).xdp[0]?.id;
  write(lab, { rules: [OPS, PING], tests: fails('of base') }, { rules: [WEB_PING] });
  const { exitCode, stderr } = await lab.run(['reconcile']);
  expect(exitCode).toBe(14);
  expect(stderr).toContain('of base');
  write(
    lab,
    { rules: [OPS, PING] },
    { rules: [WEB_PING] },
    `, tests: ${JSON.stringify(fails('of the host'))}`,
  );
  expect((await lab.run(['reconcile'])).stderr).toContain('of the host');
  expect((await lab.netShow()).xdp[0]?.id).toBe(before);
});

it('what the host protects comes before all layers', async () => {
  await using lab = await createLab();
  const host = hostFile({ veth0: 'mode: native, policies: [base, web]' });
  write(lab, { rules: [{ ...OPS, match: { protocol: 'icmp' } }] }, { rules: [], default: 'drop' });
  lab.writeState({ 'hosts/lab.yaml': `${host}protect: [{protocol: icmp, source: 10.77.0.0/16}]\n` });
  await reconcile(lab);
  await lab.ping(2);
  const { '(protect)': kept, 'base/ops': passed } = await counts(lab);
  expect(kept).toBeGreaterThanOrEqual(2); // and neighbour discovery
  expect(passed).toBe(0);
});
