// State files name interfaces by their altnames; pins and reports have the name that the kernel reports.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explain.js';
import type { Status } from '../../src/model/status.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile, reconcile } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';

const NO_PING = { name: 'no-ping', match: { protocol: 'icmp', icmpType: 'echo-request' }, action: 'drop' };
/** Longer than the name of an interface may be. */
const ALTNAME = 'wan-of-the-first-provider';

let lab: Lab;
beforeEach(async () => {
  lab = await createLab({ pairs: 2 });
  await lab.exec('ip', ...`link property add dev veth0 altname ${ALTNAME} altname wan0`.split(' '));
});
afterEach(() => lab[Symbol.asyncDispose]());

function write(interfaces: Record<string, string>, rules: object[] = [NO_PING]): void {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', { rules }),
    'hosts/lab.yaml': hostFile(interfaces),
  });
}

it('an altname is a name: attached, counted, explained, kept through a rename', async () => {
  write({ [ALTNAME]: 'mode: native, policy: edge' });
  expect((await reconcile(lab)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready' }]);
  expect(await lab.ping(2)).toMatchObject({ received: 0 });
  await expect.poll(() => counts(lab)).toMatchObject({ 'no-ping': 2 });
  const asked = await lab.run(['explain', 'wan0', 'protocol: icmp', '--output', 'json']);
  expect(document<Explanation>(asked, 0)).toMatchObject({
    interface: 'veth0',
    running: { row: 'no-ping' },
    desired: { row: 'no-ping', same: true },
  });
  const told = document<Status>(await lab.run(['status', '--output', 'json']), 0);
  expect(told.interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready', program: 'policy edge' }]);
  for (const words of ['veth0 down', 'veth0 name renamed0', 'renamed0 up'])
    await lab.exec('ip', 'link', 'set', ...words.split(' '));
  const after = await reconcile(lab);
  expect(after.interfaces).toMatchObject([{ name: 'renamed0', condition: 'Ready' }]);
  expect(await counts(lab, 'renamed0')).toMatchObject({ 'no-ping': 2 });
});

it('restore waits for no name that an interface has as altname', async () => {
  write({ [ALTNAME]: 'mode: native, policy: edge' });
  await reconcile(lab);
  const start = performance.now();
  expect((await lab.run(['restore', '--wait', '5m'])).exitCode).toBe(0);
  expect(performance.now() - start).toBeLessThan(120_000);
});

it('one interface under two names is refused with both places, and what runs keeps running', async () => {
  write({ veth0: 'mode: native, policy: edge' });
  await reconcile(lab);
  write({ veth0: 'mode: native, policy: edge', wan0: 'mode: generic, policy: edge', veth1: 'policy: edge' });
  const twice = await reconcile(lab, 14);
  const where = /veth0 \(hosts\/lab\.yaml:(\d+)\) and wan0 \(hosts\/lab\.yaml:(\d+)\)/;
  expect(twice.interfaces).toMatchObject([
    { name: 'veth0', condition: 'Refused', mode: 'native', reason: expect.stringMatching(where) as string },
    { name: 'veth1', condition: 'Ready' },
  ]);
  expect(await lab.ping(1)).toMatchObject({ received: 0 });
  const { exitCode, stdout, stderr } = await lab.run(['validate']);
  expect([exitCode, stdout + stderr]).toEqual([
    65,
    expect.stringMatching(
      /interface named twice[^]*wan0 and veth0 \(hosts\/lab\.yaml:\d+\) are names of one/,
    ),
  ]);
});

it('a rule may send packets to an altname', async () => {
  await lab.exec('ip', ...'link property add dev veth1 altname scrub'.split(' '));
  const send = { name: 'send', match: { protocol: 'udp' }, action: { redirect: { interface: 'scrub' } } };
  write({ wan0: 'mode: native, policy: edge' }, [send]);
  expect((await reconcile(lab)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready' }]);
});

it('whoever names an interface on the command line may use any of its names', async () => {
  write({ veth0: 'mode: native, policy: edge' });
  await reconcile(lab);
  const json = async <T>(...args: string[]) => document<T>(await lab.run([...args, '--output', 'json']), 0);
  const why = ['--for', '1h', '--reason', 'a test'];
  expect(await json('counters', ALTNAME)).toMatchObject({ interfaces: [{ name: 'veth0' }] });
  expect(await json('maps', 'wan0', 'limits')).toMatchObject({ maps: [{ interface: 'veth0' }] });
  expect(await json('suspend', 'wan0', ...why)).toMatchObject({ suspension: { interface: 'veth0' } });
  expect(await json('resume', ALTNAME)).toMatchObject({ suspensions: [{ interface: 'veth0' }] });
  expect(await json('block', '203.0.113.0/24', 'wan0', ...why)).toMatchObject({
    block: { interface: 'veth0' },
    inForce: ['veth0'],
  });
  expect(await json('unblock', '203.0.113.0/24', ALTNAME)).toMatchObject({
    ended: [{ interface: 'veth0' }],
  });
  for (const [command, ...more] of [['capture'], ['events'], ['top', '--count', '1']] as const) {
    const end = command === 'top' ? more : ['--for', '1s'];
    expect(await lab.run([command, 'wan0', ...end]), command).toMatchObject({ exitCode: 0 });
  }
  expect(await lab.run(['counters', 'wan1'])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('interface wan1 runs no policy of ours') as string,
  });
});
