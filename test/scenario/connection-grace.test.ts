// The grace window: a connection that a router forwards has no socket there, and without conntrack nobody knows it. It lives through the first
// attach, though its other end speaks first; when the time is over, nothing in its middle comes in that nobody asked for.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { putBehind } from '../lab/behind.js';
import { converse, ip } from '../lab/traffic.js';
import { document, hostFile, reconcile, status } from '../support/host.js';
import { counts, policyFile, type Written } from '../support/policies.js';
import { running } from '../support/trials.js';

const KNOWN = {
  default: 'drop',
  rules: [{ name: 'known', match: { connection: ['established', 'related'] }, action: 'pass' }],
};
const MORE = { ...KNOWN, rules: [...KNOWN.rules, { name: 'more', match: { ttl: 1 }, action: 'drop' }] };

function write(lab: Lab, grace: string, policy: Written = KNOWN): void {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', policy),
    'hosts/lab.yaml': `${hostFile({ veth0: 'mode: native, policy: edge' })}connections: {grace: ${grace}}\n`,
  });
}

const grace = async (lab: Lab) => (await status(lab)).connections?.grace;

/** From a host that nobody knows. */
async function intrude(lab: Lab, protocol: number, tcpFlags?: number): Promise<void> {
  const { address, peerAddress } = lab.pair('veth0');
  const ends = { source: ip(peerAddress), destination: ip(address), sourcePort: 53, destinationPort: 40001 };
  await lab.send({ protocol, ...ends, ...(tcpFlags !== undefined && { tcpFlags }) }, 4);
}

const [SYN, ACK, SCAN] = [2, 16, 16 | 2 | 1];

/** None of four packets comes in. */
async function staysOut(lab: Lab, protocol: number, tcpFlags?: number): Promise<void> {
  const before = await counts(lab);
  await intrude(lab, protocol, tcpFlags);
  await expect
    .poll(async () => (await counts(lab))['(default)'] ?? 0)
    .toBeGreaterThanOrEqual((before['(default)'] ?? 0) + 4);
  expect((await counts(lab))['known']).toBe(before['known']);
}

it('a forwarded connection that nobody has recorded goes on, and the window ends by itself', async () => {
  await using lab = await createLab({ pairs: 2 });
  await using behind = await putBehind(lab, 'veth1', 'veth0');
  const { peerAddress } = lab.pair('veth1');
  await using conversation = await converse(
    { ...lab.network, firewall: behind.namespace },
    { ...lab.pair('veth1'), address: peerAddress },
    7007,
  );
  await conversation.say('before anything');

  write(lab, '15s');
  const dry = document<Reconciliation>(await lab.run(['reconcile', '--dry-run', '--output', 'json']), 0);
  expect(dry.steps[0]?.reason).toBe(
    'what leaves is recorded, since rules ask about connections; for 15 s TCP in its middle counts as established',
  );
  await reconcile(lab);
  expect(await conversation.say('by the window')).toBe('by the window');
  const open = await grace(lab);
  expect(open?.packets).toBeGreaterThan(0);
  for (const flags of [SYN, SCAN]) await staysOut(lab, 6, flags);
  await staysOut(lab, 17);

  await expect.poll(() => grace(lab), { timeout: 60_000, interval: 500 }).toMatchObject({ left: 0 });
  const over = await grace(lab);
  await staysOut(lab, 6, ACK);
  expect(await conversation.say('known by its answers')).toBe('known by its answers');
  expect(await grace(lab)).toEqual(over);
  expect((await lab.run(['status'])).stdout).toMatch(
    /the grace window is over: [\d,]+ packets? of connections that nobody had recorded came in by it/,
  );

  write(lab, '10m', MORE); // neither another policy nor a lost recorder opens it again
  await reconcile(lab);
  expect(await grace(lab)).toEqual(over);
  rmSync(join(lab.bpffs, 'xdpkeep/connections'), { recursive: true });
  await reconcile(lab);
  await staysOut(lab, 6, ACK);

  rmSync(join(lab.bpffs, 'xdpkeep'), { recursive: true }); // as when a machine boots
  await expect.poll(() => running(lab)).toBeUndefined();
  expect(await lab.run(['restore'])).toMatchObject({ exitCode: 0 });
  expect((await grace(lab))?.left).toBeGreaterThan(0);
  expect((await lab.run(['status'])).stdout).toMatch(/the grace window is open for \d+ s more: /);
  await expect.poll(() => conversation.say('after the boot')).toBe('after the boot');
}, 180_000);

it('a Host file turns it off', async () => {
  await using lab = await createLab();
  write(lab, '0s');
  const { steps } = document<Reconciliation>(await lab.run(['reconcile', '--output', 'json']), 0);
  expect(steps[0]?.reason).toBe('what leaves is recorded, since rules ask about connections');
  await staysOut(lab, 6, ACK);
  expect(await grace(lab)).toBeUndefined();
});
