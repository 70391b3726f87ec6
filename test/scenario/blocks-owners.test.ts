// Two who block one address: the longest holds, and each ends its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Block, Blocks, BlockResult, UnblockResult } from '../../src/model/blocks.js';
import { createLab, type Lab } from '../lab.js';
import { scaled } from '../lab/pace.js';
import { document, reconcile } from '../support/host.js';
import { writePolicy } from '../support/policies.js';

const SOURCE = '10.77.0.2';
const DAY = { '--for': '1d' };

const answered = async (lab: Lab) => (await lab.ping(1)).received === 1;

async function block(lab: Lab, flags: Record<string, string>, exitCode = 0): Promise<Block> {
  const all = Object.entries({ ...DAY, '--reason': 'x', '--output': 'json', ...flags }).flat();
  return document<BlockResult>(await lab.run(['block', SOURCE, ...all]), exitCode).block;
}

async function unblock(lab: Lab, ...flags: string[]): Promise<UnblockResult> {
  return document(await lab.run(['unblock', SOURCE, ...flags, '--output', 'json']), 0);
}

const ownersOf = (blocks: readonly Block[]) => blocks.map(({ owner }) => owner);

const owners = async (lab: Lab) =>
  ownersOf(document<Blocks>(await lab.run(['blocks', '--output', 'json']), 0).blocks);

it('the longer block holds, whoever came last, and the end of one is not that of another', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [] });
  await reconcile(lab);
  await block(lab, { '--owner': 'fail2ban-login' });
  const short = await block(lab, { '--owner': 'fail2ban-mail', '--for': `${scaled(2)}s` });
  expect(await owners(lab)).toEqual(['fail2ban-login', 'fail2ban-mail']);
  await sleep(Date.parse(short.until) - Date.now() + 100);
  expect(await answered(lab)).toBe(false);
  expect(await owners(lab)).toEqual(['fail2ban-login']);

  await block(lab, { '--owner': 'fail2ban-mail' });
  const { ended, left } = await unblock(lab, '--owner', 'fail2ban-login');
  expect([ownersOf(ended), ownersOf(left)]).toEqual([['fail2ban-login'], ['fail2ban-mail']]);
  expect(await answered(lab)).toBe(false);
  const { stdout } = await lab.run(['unblock', SOURCE, '--owner', 'fail2ban-login']);
  expect(stdout).toMatch(/^still blocked: 10\.77\.0\.2 on every interface, until .*, for fail2ban-mail, by /);
  await unblock(lab, '--owner', 'fail2ban-mail');
  expect(await answered(lab)).toBe(true);
});

it("an owner says anew how long; without an owner a block is the operator's, and unblock ends everybody's", async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [] });
  await reconcile(lab);
  await block(lab, {});
  const short = await block(lab, { '--for': `${scaled(2)}s` });
  expect(short.owner).toBe('operator');
  expect(await owners(lab)).toEqual(['operator']);
  await sleep(Date.parse(short.until) - Date.now());
  await expect.poll(() => answered(lab), { interval: 200 }).toBe(true);

  await block(lab, { '--owner': 'fail2ban-login' });
  await block(lab, {});
  const { ended, left } = await unblock(lab);
  expect([ownersOf(ended), left]).toEqual([['fail2ban-login', 'operator'], []]);
  expect(await answered(lab)).toBe(true);
  const refused = await lab.run(['unblock', SOURCE, '--owner', 'two words']);
  expect(refused).toMatchObject({ exitCode: 64 });
  expect(refused.stderr).toContain('--owner "two words" is no name of an owner');
});
