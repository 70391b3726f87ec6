// What each block has dropped: only that, through updates and other ends, in `blocks` and in the metrics.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BlockReport, Blocks } from '../../src/model/blocks.js';
import { createLab, type Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { document, reconcile } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';

const [ONE, TWO] = ['198.51.100.7', '198.51.100.8'];
const PROTECT = [{ protocol: 'udp', destinationPort: 53 }];
const TELNET = { name: 'telnet', match: { protocol: 'tcp', destinationPort: 23 }, action: 'drop' };
const MAP = 'xdpkeep/interfaces/veth0/blocks';

const block = async (lab: Lab, cidr: string, ...flags: string[]) => {
  const args = ['block', cidr, '--for', '1h', '--reason', 'x', ...flags];
  expect(await lab.run(args)).toMatchObject({ exitCode: 0 });
};

async function reports(lab: Lab): Promise<BlockReport[]> {
  return document<Blocks>(await lab.run(['blocks', '--output', 'json']), 0).blocks;
}

/** Network and owner -> packets. */
async function hits(lab: Lab): Promise<Record<string, number | undefined>> {
  const all = await reports(lab);
  return Object.fromEntries(all.map(({ cidr, owner, hits: hit }) => [`${cidr} ${owner}`, hit?.packets]));
}

/** Waits until the firewall has seen them. */
async function send(lab: Lab, source: string, frames: number, destinationPort = 9): Promise<void> {
  const seen = async () => Object.values(await counts(lab)).reduce((sum, one) => sum + one, 0);
  const before = await seen();
  await lab.send({ protocol: 17, destinationPort, source: ip(source) }, frames);
  await expect.poll(seen).toBeGreaterThanOrEqual(before + frames);
}

it('each counts what it drops, and goes on with that through updates and other ends', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [] }, PROTECT);
  await reconcile(lab);
  await block(lab, ONE);
  await block(lab, '198.51.100.0/24', '--owner', 'wide');
  await send(lab, ONE, 3);
  await send(lab, TWO, 5);
  await send(lab, ONE, 7, 53); // protected
  await lab.run(['explain', 'veth0', `{source: ${ONE}}`]); // a question
  expect(await hits(lab)).toEqual({ [`${ONE} operator`]: 3, '198.51.100.0/24 wide': 5 });
  const [first] = await reports(lab);
  expect(first?.hits?.bytes).toBeGreaterThanOrEqual(3 * 42);

  writePolicy(lab, { rules: [TELNET] }, PROTECT);
  expect(await reconcile(lab)).toMatchObject({ changed: true });
  await block(lab, ONE, '--for', '2h');
  await block(lab, ONE, '--owner', 'other');
  await send(lab, ONE, 2);
  expect(await hits(lab)).toEqual({
    '198.51.100.0/24 wide': 5,
    [`${ONE} operator`]: 5,
    [`${ONE} other`]: 5,
  });

  // Who is blocked anew begins at nothing.
  await lab.run(['unblock', ONE]);
  await block(lab, TWO);
  await send(lab, TWO, 1);
  expect(await hits(lab)).toEqual({ '198.51.100.0/24 wide': 5, [`${TWO} operator`]: 1 });

  const file = join(lab.directory, 'xdpkeep.prom');
  await lab.run(['reconcile', '--metrics-file', file]);
  const text = readFileSync(file, 'utf8');
  const labels = `network="${TWO}",owner="operator",interface=""`;
  expect(text).toContain(`xdpkeep_block_packets_total{${labels}} 1\n`);
  expect(text).toMatch(/^xdpkeep_blocks\{owner="wide"\} 1$/m);
});

it('a map that an earlier build made is as long as it is, and says so', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [] });
  await reconcile(lab);
  await block(lab, ONE);
  const path = join(lab.bpffs, MAP);
  await lab.exec('rm', path);
  const short = [
    'type',
    'lpm_trie',
    'key',
    '24',
    'value',
    '8',
    'entries',
    '2',
    'name',
    'blocks',
    'flags',
    '1',
  ];
  await lab.exec('bpftool', 'map', 'create', path, ...short);
  await block(lab, TWO);
  await block(lab, TWO, '--owner', 'other');
  const refused = await lab.run(['block', '192.0.2.1', '--for', '1h', '--reason', 'x']);
  expect(refused).toMatchObject({ exitCode: 14 });
  expect(refused.stderr).toContain('an earlier build made the map of blocks here, which holds 2');
});
