// XDP sees a packet on the interface where it comes in: the guard against locking oneself out looks below what is made
// of other interfaces, and knows the way to addresses that are on no wire.
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile } from '../support/host.js';
import { policyFile, type Written } from '../support/policies.js';
import { running } from '../support/trials.js';

const SSH = { name: 'no-ssh', match: { protocol: 'tcp', destinationPort: 22 }, action: 'drop' };

/** A policy for some interfaces, and a reconcile in a session to `address`. */
async function run(
  lab: Lab,
  policy: Written,
  address: string,
  { names = ['veth0'], from = '10.77.0.2' } = {},
): Promise<Reconciliation> {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', policy),
    'hosts/lab.yaml': hostFile(
      Object.fromEntries(names.map((name) => [name, 'mode: generic, policy: edge'])),
    ),
  });
  const env = { SSH_CONNECTION: `${from} 50123 ${address} 22` };
  const finished = await lab.run(['reconcile', '--output', 'json'], { env });
  const exitCode = finished.exitCode as Reconciliation['exitCode']; // the document itself has none
  return { ...document<Reconciliation>(finished, exitCode), exitCode };
}

async function ip(lab: Lab, ...lines: string[]): Promise<void> {
  for (const line of lines) await lab.exec('ip', ...line.split(' '));
}

it('the members of a bridge: all, until it has heard behind which one the peer is', async () => {
  await using lab = await createLab({ pairs: 2 });
  await ip(
    lab,
    'link add br0 type bridge',
    'link set veth0 master br0',
    'link set veth1 master br0',
    'address flush dev veth0',
    'address add 10.77.0.1/24 dev br0',
    'link set br0 up',
  );
  const state = () => lab.exec('ip', 'link', 'show', 'br0');
  await expect.poll(state).toContain('state UP'); // its ports learn for a while first
  const refused = await run(lab, { rules: [SSH] }, '10.77.0.1', { names: ['veth0', 'veth1'] });
  expect(refused.exitCode).toBe(14);
  for (const name of ['veth0', 'veth1'])
    expect(JSON.stringify(refused.steps)).toContain(
      `${name}: this SSH session from 10.77.0.2 (for br0), dropped by no-ssh`,
    );
  expect(await running(lab)).toBeUndefined();

  const heard = async () => (await lab.ping(1)).received;
  await expect.poll(heard).toBe(1);
  expect(await run(lab, { rules: [SSH] }, '10.77.0.1', { names: ['veth1'] })).toMatchObject({ exitCode: 0 });
  const uplink = await run(lab, { rules: [SSH] }, '10.77.0.1', { names: ['veth1', 'veth0'] });
  expect(uplink).toMatchObject({ exitCode: 14 });
});

it('the parent of a macvlan', async () => {
  await using lab = await createLab();
  await ip(
    lab,
    'link add link veth0 name mac type macvlan mode bridge',
    'link set mac up',
    'address add 10.88.0.1/24 dev mac',
  );
  const refused = await run(lab, { rules: [SSH] }, '10.88.0.1', { from: '10.88.0.2' });
  expect(refused).toMatchObject({ exitCode: 14, steps: [{ outcome: 'refused' }] });
  expect(refused.steps[0]?.error).toContain('veth0: this SSH session from 10.88.0.2 (for mac), dropped by');
});

it('an address on the loopback: the interface that leads to the peer', async () => {
  await using lab = await createLab({ pairs: 2 });
  await ip(lab, 'address add 192.0.2.9/32 dev lo');
  const refused = await run(lab, { rules: [SSH] }, '192.0.2.9');
  expect(refused).toMatchObject({ exitCode: 14, steps: [{ outcome: 'refused' }] });
  expect(refused.steps[0]?.error).toContain('veth0: this SSH session from 10.77.0.2, dropped by no-ssh');
  expect(await run(lab, { rules: [SSH] }, '192.0.2.9', { names: ['veth1'] })).toMatchObject({ exitCode: 0 });
});

it('a peer over IPv6 is known by its MAC address', async () => {
  await using lab = await createLab();
  // Its address may still be looking for a second owner.
  await expect.poll(async () => (await lab.ping6(1)).received).toBe(1);
  const [link] = JSON.parse(await lab.execOutside('ip', '-j', 'link', 'show', 'peer0')) as [
    { address: string },
  ];
  const rule = (sourceMac: string) => ({
    default: 'drop',
    rules: [{ name: 'admin', match: { sourceMac }, action: 'pass' }],
  });
  const session = ['fd77::1', { from: 'fd77::2' }] as const;
  expect(await run(lab, rule('02:00:00:00:00:01'), ...session)).toMatchObject({ exitCode: 14 });
  expect(await run(lab, rule(link.address), ...session)).toMatchObject({ exitCode: 0 });
});
