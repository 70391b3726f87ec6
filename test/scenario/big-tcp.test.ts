// Streams that Linux merges to more than 65,535 bytes (BIG TCP) meet a policy in generic mode: they are decided as the TCP packets that
// they are, and the sockets get all of their bytes.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { enter } from '../lab/network.js';
import { hostFile, reconcile } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';

const LONGEST = 180_000;
const BYTES = 64 << 20;
const PORT = 5001;

/** Sends BYTES from outside to a socket of the firewall's side; gives those that arrived. */
async function transfer(lab: Lab, address: string): Promise<number> {
  let arrived = 0;
  const server = await lab.inside(async () => {
    const listening = createServer((socket) => socket.on('data', (data) => (arrived += data.length)));
    listening.listen(PORT, address);
    await once(listening, 'listening');
    return listening;
  });
  const client = await enter(lab.network.outside, async () => {
    const socket = connect(PORT, address);
    await once(socket, 'connect');
    return socket;
  });
  const chunk = Buffer.alloc(1 << 20, 7);
  for (let sent = 0; sent < BYTES; sent += chunk.length)
    if (!client.write(chunk)) await once(client, 'drain');
  client.end();
  await expect.poll(() => arrived).toBe(BYTES);
  client.destroy();
  await new Promise((done) => server.close(done));
  return arrived;
}

describe.each(['native', 'generic'])('mode %s', (mode) => {
  it.each([
    ['IPv4', 'address'],
    ['IPv6', 'address6'],
  ] as const)('%s streams arrive, and count as TCP', async (_family, address) => {
    await using lab = await createLab();
    const pair = lab.pair('veth0');
    const script = join(inject('children'), 'big-tcp.mjs');
    await lab.exec(process.execPath, script, pair.name, String(LONGEST));
    await lab.execOutside(process.execPath, script, pair.peer, String(LONGEST));
    lab.writeState({
      'policies/edge.yaml': policyFile('edge', {
        default: 'drop',
        rules: [
          {
            name: 'merged',
            match: { protocol: 'tcp', destinationPort: PORT, length: 65_535 },
            action: 'pass',
          },
          { name: 'stream', match: { protocol: 'tcp', destinationPort: PORT }, action: 'pass' },
        ],
      }),
      'hosts/lab.yaml': hostFile({ veth0: `mode: ${mode}, policy: edge` }),
    });
    await reconcile(lab);
    expect(await transfer(lab, pair[address])).toBe(BYTES);
    const rows = await counts(lab);
    expect(rows['(malformed)'] ?? 0).toBe(0);
    if (mode === 'generic') expect(rows['merged']).toBeGreaterThan(0);
  });
});
