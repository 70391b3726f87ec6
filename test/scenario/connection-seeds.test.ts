// What was asked before anybody recorded it comes in: where conntrack is active, also what has no connected socket.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { listConnections } from '../support/asking.js';
import { ANSWER, serve } from '../support/datagrams.js';
import { reconcile } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';

const ANSWERS = {
  default: 'drop',
  rules: [{ name: 'answers', match: { connection: ['established', 'related'] }, action: 'pass' }],
};

/** By a socket that is not connected, from port 40123. */
const ASK = `
const [address, port] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (answer) => { console.log(String(answer)); process.exit(0); });
socket.bind(40123, () => socket.send('question', Number(port), address));
setTimeout(() => process.exit(1), 5000);
`;

/** Datagrams from the other end. */
function send(
  lab: Lab,
  ports: { sourcePort: number; destinationPort: number },
  count: number,
): Promise<void> {
  const { address, peerAddress } = lab.pair('veth0');
  return lab.send({ protocol: 17, source: ip(peerAddress), destination: ip(address), ...ports }, count);
}

/** `settings`: lines of the Host file. */
async function askAndReconcile(lab: Lab, settings = ''): Promise<void> {
  const { peerAddress } = lab.pair('veth0');
  await using _answer = await serve(lab, ANSWER, peerAddress, 7053, 5);
  expect((await lab.exec(process.execPath, '-e', ASK, peerAddress, '7053')).trim()).toBe('aaaaa');
  writePolicy(lab, ANSWERS);
  appendFileSync(join(lab.state, 'hosts/lab.yaml'), settings);
  await reconcile(lab);
}

it('conntrack knows it', async () => {
  await using lab = await createLab();
  await lab.exec(...('iptables -A INPUT -m conntrack --ctstate ESTABLISHED'.split(' ') as [string]));
  await askAndReconcile(lab);
  await send(lab, { sourcePort: 7053, destinationPort: 40123 }, 3);
  await expect.poll(() => counts(lab)).toMatchObject({ answers: 3 });
  await send(lab, { sourcePort: 7054, destinationPort: 40123 }, 2);
  await send(lab, { sourcePort: 7053, destinationPort: 40124 }, 2);
  await expect.poll(async () => (await counts(lab))['(default)'] ?? 0).toBeGreaterThanOrEqual(4);
  expect(await counts(lab)).toMatchObject({ answers: 3 });
});

it('it is kept for as long as the Host file says', async () => {
  await using lab = await createLab();
  await lab.exec(...('iptables -A INPUT -m conntrack --ctstate ESTABLISHED'.split(' ') as [string]));
  await askAndReconcile(lab, 'connections: {timeouts: {udpAnswered: 1h}}\n');
  const { connections } = await listConnections(lab, '--protocol', 'udp', '--port', '40123');
  expect(connections).toHaveLength(1);
  expect(connections[0]?.left).toBeGreaterThan(3000);
});

it('where it is not active nobody knows, and it stays so', async () => {
  await using lab = await createLab();
  await askAndReconcile(lab);
  await send(lab, { sourcePort: 7053, destinationPort: 40123 }, 3);
  await expect.poll(async () => (await counts(lab))['(default)'] ?? 0).toBeGreaterThanOrEqual(3);
  expect(await counts(lab)).toMatchObject({ answers: 0 });
  expect(await lab.exec('cat', '/proc/sys/net/netfilter/nf_conntrack_count')).toBe('0');
});
