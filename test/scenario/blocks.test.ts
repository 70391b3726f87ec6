// Sources that an operator blocks in an incident: at once, for a time, beside whatever the state files say.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { readBatches } from '../../src/kernel/map-write.js';
import { openPin } from '../../src/kernel/pinned.js';
import { readStoredBlocks, type StoredBlock } from '../../src/journal/blocks.js';
import { readJournal } from '../../src/journal/read.js';
import { seal } from '../../src/journal/sealed.js';
import type { Blocks, BlockResult } from '../../src/model/blocks.js';
import type { Explanation } from '../../src/model/explain.js';
import { createLab, type Lab } from '../lab.js';
import { scaled } from '../lab/pace.js';
import { document, hostFile, ICMP_DROP, reconcile, status, writeHost } from '../support/host.js';
import { counts, policyFile, writePolicy } from '../support/policies.js';
import { running } from '../support/trials.js';

const SOURCE = '10.77.0.2';
const RULE = { name: 'telnet', match: { protocol: 'tcp', destinationPort: 23 }, action: 'drop' };
const PROTECT = [{ protocol: 'tcp', source: SOURCE, destinationPort: 22 }];

async function block(lab: Lab, args: string[], exitCode = 0): Promise<BlockResult> {
  return document(await lab.run(['block', ...args, '--reason', 'a flood', '--output', 'json']), exitCode);
}

async function blocks(lab: Lab): Promise<Blocks['blocks']> {
  return document<Blocks>(await lab.run(['blocks', '--output', 'json']), 0).blocks;
}

const answered = async (lab: Lab, name = 'veth0') => (await lab.ping(1, name)).received === 1;

it('drops at once, never what is protected, and stays through updates, rollbacks and lost pins', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [RULE] }, PROTECT);
  await reconcile(lab);
  const before = await running(lab);
  expect(await answered(lab)).toBe(true);
  expect(await counts(lab)).not.toHaveProperty('(blocked)');

  const made = await block(lab, [SOURCE, '--for', '1h']);
  expect(made).toMatchObject({ block: { cidr: SOURCE, reason: 'a flood' }, inForce: ['veth0'], notYet: [] });
  expect(await answered(lab)).toBe(false);
  // By the stack: nobody listens, and nobody drops.
  await expect.poll(() => lab.connect(22)).toBe('refused');
  expect(await lab.connect(80)).toBe('silence');
  expect((await counts(lab))['(blocked)']).toBeGreaterThan(0);
  const asking = await running(lab);
  expect(asking).not.toBe(before);

  await block(lab, ['fd77:0::/64', 'veth0', '--for', '1h']);
  expect(await running(lab), 'only the first block swaps').toBe(asking);
  expect((await lab.ping6(1)).received).toBe(0);
  expect(await blocks(lab)).toMatchObject([
    { cidr: SOURCE, inForce: ['veth0'] },
    { cidr: 'fd77::/64', interface: 'veth0', inForce: ['veth0'] },
  ]);
  expect((await status(lab)).blocks).toEqual({ count: 2, most: 65_536 });
  const explained = document<Explanation>(
    await lab.run(['explain', 'veth0', `{source: ${SOURCE}, destinationPort: 80}`, '--output', 'json']),
    0,
  );
  expect(explained.running).toMatchObject({
    row: '(blocked)',
    verdict: 'drop',
    block: { reason: 'a flood' },
  });
  expect(explained.desired).toMatchObject({ verdict: 'pass', same: false });
  const both = `{source: ${SOURCE}, destinationPort: 23}`; // the rule has no rate either
  expect((await lab.run(['explain', 'veth0', both])).stdout).not.toContain('above its rate');
  expect(await reconcile(lab)).toMatchObject({ changed: false, generation: 1 });

  const counted = (await counts(lab))['(blocked)'] ?? 0;
  const wants = { source: SOURCE, destinationPort: 80, protocol: 'tcp' };
  const tests = [{ name: 'a test asks the policy alone', packet: wants, expect: 'pass' }];
  writePolicy(lab, { rules: [{ ...RULE, name: 'other' }], tests }, PROTECT);
  expect(await reconcile(lab)).toMatchObject({ changed: true, generation: 2 });
  expect(await answered(lab)).toBe(false);
  await lab.run(['rollback', '--reason', 'back']);
  expect(await answered(lab)).toBe(false);
  expect((await counts(lab))['(blocked)']).toBeGreaterThanOrEqual(counted + 2);

  await lab.exec('rm', join(lab.bpffs, 'xdpkeep/interfaces/veth0/blocks'));
  await reconcile(lab, 13);
  expect(await answered(lab)).toBe(false);
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep'));
  expect(await answered(lab)).toBe(true);
  await reconcile(lab, 13);
  expect(await answered(lab)).toBe(false);

  expect((await lab.run(['unblock', SOURCE])).stdout).toMatch(/^unblocked: 10\.77\.0\.2 on every interface/);
  expect(await answered(lab)).toBe(true);
  expect(await lab.run(['unblock', SOURCE])).toMatchObject({
    exitCode: 0,
    stdout: `${SOURCE} is not blocked`,
  });
  const kinds = readJournal(lab.dataDir).records.map(({ step }) => step.kind);
  expect(kinds.filter((kind) => kind === 'block' || kind === 'unblock')).toEqual([
    'block',
    'block',
    'unblock',
  ]);
});

it('ends by itself, with nobody running; a pass forgets it; an end is kept through a reboot', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [RULE] });
  await reconcile(lab);
  const { block: made } = await block(lab, [SOURCE, '--for', `${scaled(5)}s`]);
  expect(await answered(lab)).toBe(false);
  await sleep(Date.parse(made.until) - Date.now());
  await expect.poll(() => answered(lab), { interval: 200 }).toBe(true);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(made.until) - 500);
  expect(await blocks(lab)).toEqual([]);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
  expect(readStoredBlocks(lab.dataDir)).toEqual([]);
  expect(readJournal(lab.dataDir).records.at(-1)?.step).toMatchObject({
    kind: 'unblock',
    reason: `their time is over: ${SOURCE}`,
  });

  // What another boot has left: its clock says nothing any more, the wall clock does.
  await block(lab, [SOURCE, '--for', '1h']);
  await block(lab, ['fd77::/16', '--for', '1h']);
  const [four, six] = readStoredBlocks(lab.dataDir);
  if (!four || !six) throw new Error('two blocks are stored');
  const over = { ...six, until: new Date(Date.now() - 1000).toISOString() };
  store(lab, [
    { ...four, boot: 'another', uptime: 1 },
    { ...over, boot: 'another', uptime: 1e9 },
  ]);
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep'));
  expect(await reconcile(lab)).toMatchObject({ changed: true, generation: 1 });
  expect(await answered(lab)).toBe(false);
  expect((await lab.ping6(1)).received).toBe(1);
  expect(readStoredBlocks(lab.dataDir)).toMatchObject([
    { cidr: SOURCE, boot: expect.not.stringMatching('another') as string },
  ]);
});

function store(lab: Lab, list: StoredBlock[]): void {
  writeFileSync(join(lab.dataDir, 'blocks.json'), seal('Blocks', { blocks: list }));
}

it('refuses what it could not keep: too many, a lock-out, a program that asks nobody, a damaged record', async () => {
  await using lab = await createLab({ pairs: 2 });
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', { rules: [RULE] }),
    'hosts/lab.yaml': hostFile({ veth0: 'policy: edge', veth1: `program: ${ICMP_DROP}` }),
  });
  const nobody = await lab.run(['block', SOURCE, '--for', '1h', '--reason', 'x']);
  expect(nobody).toMatchObject({ exitCode: 64 });
  expect(nobody.stderr).toContain('no interface runs a policy of ours');
  await reconcile(lab);
  const own = await lab.run(['block', SOURCE, 'veth1', '--for', '1h', '--reason', 'x']);
  expect(own).toMatchObject({ exitCode: 64 });
  expect(own.stderr).toMatch(/veth1 runs a program of its own[^]*these interfaces run one: veth0/);
  for (const args of [['10.77.0.1/24'], [SOURCE, '--for', '31d'], [SOURCE, '--for', 'ever'], ['veth0']])
    await block(lab, ['--for', '1h', ...args], 64);

  const env = { SSH_CONNECTION: `${SOURCE} 50123 10.77.0.1 22` };
  const session = ['block', '10.77.0.0/24', '--for', '1h', '--reason', 'x'];
  const refused = await lab.run(session, { env });
  expect(refused).toMatchObject({ exitCode: 14 });
  expect(refused.stderr).toContain(`this would lock out: veth0: this SSH session from ${SOURCE}`);
  expect(readStoredBlocks(lab.dataDir)).toEqual([]);
  const accepted = await lab.run([...session, '--accept-lockout'], { env });
  expect(accepted.stderr).toContain('accepted: this locks out veth0: this SSH session');
  expect(accepted).toMatchObject({ exitCode: 0 });
  await lab.run(['unblock', '10.77.0.0/24']);

  await block(lab, [SOURCE, '--for', '1h']);
  const [one] = readStoredBlocks(lab.dataDir);
  if (!one) throw new Error('a block is stored');
  const many = Array.from({ length: 65_535 }, (_, at) => {
    return {
      ...one,
      cidr: `198.51.${at >> 8}.${at & 255}`,
      network: { ...one.network, a: (0xc6330000 + at) >>> 0 },
    };
  });
  store(lab, [one, ...many]);
  await reconcile(lab);
  expect((await lab.run(['block', '192.0.2.1', '--for', '1h', '--reason', 'x'])).stderr).toContain('65536');
  await block(lab, ['192.0.2.1', '--for', '1h'], 14);
  expect(await answered(lab)).toBe(false);
  await lab.run(['unblock', '198.51.0.1']);
  await block(lab, ['192.0.2.1', '--for', '1h']);
  const map = openPin(join(lab.bpffs, 'xdpkeep/interfaces/veth0/blocks'));
  if (!map) throw new Error('the map is pinned');
  const kept = [...readBatches(map.number, 'blocks', 24, 8)].map(({ count }) => count);
  map[Symbol.dispose]();
  expect(kept.reduce((sum, count) => sum + count, 0)).toBe(65_536);

  const path = join(lab.dataDir, 'blocks.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace(SOURCE, '10.77.0.3'));
  const warned = await reconcile(lab);
  expect(warned.warnings).toContainEqual(expect.stringContaining('blocks stay as the kernel has them'));
  expect(await answered(lab)).toBe(false);
  await block(lab, ['192.0.2.2', '--for', '1h'], 74);
  expect((await status(lab)).warnings).toContainEqual(expect.stringContaining('blocks.json is damaged'));
});

it('holds on interfaces that come later, follows a rename, and survives a crash before its swap', async () => {
  await using lab = await createLab({ pairs: 2 });
  lab.writeState({ 'policies/edge.yaml': policyFile('edge', { rules: [RULE] }) });
  writeHost(lab, { veth0: 'policy: edge' });
  await reconcile(lab);
  const killed = await lab.run(['block', '10.77.0.0/16', '--for', '1h', '--reason', 'x'], {
    env: { XDPKEEP_FAILPOINT: 'swap:before' },
  });
  expect(killed.signal).toBe('SIGKILL');
  expect(await answered(lab)).toBe(true);
  writeHost(lab, { 'veth*': 'policy: edge', wan0: 'policy: edge' });
  const planned = await reconcile(lab, 12, '--dry-run');
  expect(await reconcile(lab, 12)).toMatchObject({
    steps: planned.steps.map(({ interface: name, action, reason }) => ({ interface: name, action, reason })),
  });
  expect(await answered(lab)).toBe(false);
  expect(await answered(lab, 'veth1')).toBe(false);

  await lab.run(['unblock', '10.77.0.0/16']);
  await block(lab, [SOURCE, 'veth0', '--for', '1h']);
  expect(await answered(lab, 'veth1')).toBe(true);
  await lab.exec('ip', 'link', 'set', 'veth0', 'down');
  await lab.exec('ip', 'link', 'set', 'veth0', 'name', 'wan0', 'up');
  await reconcile(lab);
  expect(await blocks(lab)).toMatchObject([{ interface: 'wan0', inForce: ['wan0'] }]);
  expect(await answered(lab)).toBe(false);
});

it('many at once wait for each other, and none is lost', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [RULE] });
  await reconcile(lab);
  const addresses = Array.from({ length: 6 }, (_, at) => `203.0.113.${at + 1}`);
  const results = await Promise.all(addresses.map((one) => block(lab, [one, '--for', '1h'])));
  expect(results.map(({ inForce }) => inForce)).toEqual(addresses.map(() => ['veth0']));
  expect((await blocks(lab)).map(({ cidr }) => cidr).sort()).toEqual(addresses);
  expect(await lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
});
