// Lists through the loop: what a change of one says, what is refused, and what is kept of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { document, reconcile } from '../support/host.js';
import { passCode } from '../support/pass.js';
import { counts, writePolicy } from '../support/policies.js';
import { snapshot } from '../support/world.js';

/** So many addresses 198.18.x.y that do not touch each other. */
function addresses(count: number, from = 0): string {
  return Array.from({ length: count }, (_, at) => {
    const low = 2 * (from + at);
    return `198.18.${low >> 8}.${low & 255}\n`;
  }).join('');
}

const BLOCKED = { name: 'blocked', match: { source: { list: 'blocked' } }, action: 'drop' };

function writeList(lab: Lab, text: string): void {
  lab.writeState({ 'lists/blocked.netset': text });
}

async function isBlocked(lab: Lab, source: string): Promise<boolean> {
  const before = (await counts(lab))['blocked'] ?? 0;
  const passed = (await counts(lab))['(default)'] ?? 0;
  await lab.send({ source: ip(source), protocol: 17, destinationPort: 9 }, 4);
  const more = async () => {
    const now = await counts(lab);
    return [(now['blocked'] ?? 0) - before >= 4, (now['(default)'] ?? 0) - passed >= 4];
  };
  await expect.poll(async () => (await more()).includes(true)).toBe(true);
  return (await more())[0] ?? false;
}

const setsOf = (lab: Lab) =>
  readdirSync(join(lab.dataDir, 'objects')).filter((name) => name.endsWith('.set'));

it('a list that changes says what came and went; one that collapses is refused, and what ran keeps running', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [BLOCKED], lists: { blocked: { maxShrink: '50%', skipBad: true } } });
  const twice = '198.18.0.0\n198.18.0.0\n';
  writeList(lab, `${addresses(400)}${twice}`);
  expect((await lab.run(['reconcile', '--dry-run'])).stdout).toContain('removed: 400 ranges, 2 duplicates\n');
  const merged = { duplicates: 2, overlaps: 0 };
  expect(await reconcile(lab)).toMatchObject({
    lists: [{ name: 'blocked', entries: 402, merged, ranges: 400, added: 400, removed: 0 }],
  });
  expect([await isBlocked(lab, '198.18.0.2'), await isBlocked(lab, '198.18.0.3')]).toEqual([true, false]);
  expect(await reconcile(lab)).toMatchObject({ changed: false, generation: 1 });
  expect((await reconcile(lab)).lists).toBeUndefined();

  writeList(lab, `${addresses(398, 5)}not an address\n`);
  const changed = await reconcile(lab);
  expect(changed).toMatchObject({
    generation: 2,
    lists: [{ name: 'blocked', entries: 398, ranges: 398, added: 3, removed: 5 }],
    warnings: [expect.stringContaining('bad lines skipped')],
  });
  expect(await isBlocked(lab, '198.18.0.2')).toBe(false);

  writeList(lab, addresses(198, 5));
  for (const args of [[], ['--dry-run']]) {
    const refused = await lab.run(['reconcile', ...args]);
    expect(refused).toMatchObject({ exitCode: 14, stdout: '' });
    expect(refused.stderr).toContain('list blocked has 198 ranges, and had 398 when it was last applied');
  }
  expect(await isBlocked(lab, '198.18.3.20')).toBe(true);

  writeList(lab, addresses(199, 5));
  const text = await lab.run(['reconcile', '--dry-run']);
  expect(text.stdout).toContain('  list blocked: 0 added, 199 removed: 199 ranges\n');
  expect((await reconcile(lab)).generation).toBe(3);
  expect(await isBlocked(lab, '198.18.3.20')).toBe(false);
});

it('a list whose file is half written is refused, wherever it ends, and what ran keeps running', async () => {
  await using lab = await createLab();
  const lists = { blocked: { maxShrink: '10%' } };
  writePolicy(lab, { rules: [BLOCKED], lists });
  const whole = addresses(40);
  writeList(lab, whole);
  await reconcile(lab);
  const former = await snapshot(lab);
  const [half, line] = [Math.floor(whole.length / 2), whole.lastIndexOf('\n', whole.length - 2) + 1];
  const codes = async (cuts: number[]) => {
    const found = new Set<number>();
    for (const cut of cuts) {
      writeList(lab, whole.slice(0, cut));
      found.add(await passCode(lab));
    }
    return [...found].sort();
  };
  // In the middle: what is left of the line is no address, or there are too few. In the last line nothing else is missing.
  expect(await codes(Array.from({ length: 12 }, (_, at) => half + at))).toEqual([14, 65]);
  expect(await codes(Array.from({ length: '198.18.'.length - 1 }, (_, at) => line + at + 1))).toEqual([65]);
  expect(await codes([0])).toEqual([65]);
  expect(await snapshot(lab)).toEqual(former);
  expect([await isBlocked(lab, '198.18.0.0'), await isBlocked(lab, '198.18.0.78')]).toEqual([true, true]);

  // A shorter list that is meant is applied.
  writePolicy(lab, { rules: [BLOCKED], lists: { blocked: { maxShrink: '60%' } } });
  writeList(lab, addresses(20));
  expect(await reconcile(lab)).toMatchObject({ lists: [{ name: 'blocked', removed: 20 }] });
  expect(await isBlocked(lab, '198.18.0.78')).toBe(false);
});

it('generations name large lists and keep each content once; a rollback has it again', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [BLOCKED] });
  writeList(lab, addresses(5000));
  expect((await lab.run(['reconcile', '--dry-run'])).exitCode).toBe(0);
  expect(existsSync(join(lab.dataDir, 'objects'))).toBe(false);
  await reconcile(lab);
  writeList(lab, addresses(4000));
  await reconcile(lab);
  writePolicy(lab, {
    rules: [BLOCKED],
    default: 'pass',
    mode: 'enforce',
    tests: [{ name: 't', packet: {}, expect: 'pass' }],
  });
  await reconcile(lab);
  expect(setsOf(lab)).toHaveLength(2);
  for (const number of ['1', '2', '3']) {
    const path = join(lab.dataDir, 'generations', number, 'generation.json');
    expect(readFileSync(path, 'utf8').length).toBeLessThan(5000);
  }
  expect(await isBlocked(lab, '198.18.39.14')).toBe(false);
  const back = document<Reconciliation>(await lab.run(['rollback', '1', '--output', 'json']), 0);
  expect(back).toMatchObject({ lists: [{ name: 'blocked', added: 1000, removed: 0 }] });
  expect(await isBlocked(lab, '198.18.39.14')).toBe(true);
});
