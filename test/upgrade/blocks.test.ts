// Sources that an operator blocked with the old build: they stay blocked, until the end that was said then.
import { expect, it } from 'vitest';
import type { Blocks } from '../../src/model/blocks.js';
import type { Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { document, hostFile, reconcile, status } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';
import { createOldLab, install, LONG, takeOver } from './installed.js';
import { Traffic } from './traffic.js';

/** Long enough for what comes before, on a busy machine too. */
const SOON = 30; // s
const [LONG_BLOCKED, SOON_FREE] = ['198.51.100.7', '198.51.100.8'];

const blocks = async (lab: Lab) => document<Blocks>(await lab.run(['blocks', '--output', 'json']), 0).blocks;

/** How many of three frames are dropped as blocked. */
async function blocked(lab: Lab, source: string, name = 'veth0'): Promise<number> {
  const before = (await counts(lab, name))['(blocked)'] ?? 0;
  const passed = (await counts(lab, name))['udp'] ?? 0;
  await lab.send({ protocol: 17, destinationPort: 9, source: ip(source) }, 3, name);
  const after = async () => {
    const rows = await counts(lab, name);
    return (rows['(blocked)'] ?? 0) - before + (rows['udp'] ?? 0) - passed;
  };
  await expect.poll(after).toBe(3);
  return ((await counts(lab, name))['(blocked)'] ?? 0) - before;
}

it('they are dropped all the while, ended by the clock, and by hand', { timeout: LONG }, async () => {
  await using lab = await createOldLab({ pairs: 2 });
  const rules = [
    { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' },
    { name: 'udp', match: { protocol: 'udp' }, action: 'pass' },
  ];
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', { rules }),
    'hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: edge', veth1: 'mode: native, policy: edge' }),
  });
  await reconcile(lab);
  const block = async (...args: string[]) => {
    expect(await lab.run(['block', ...args, '--reason', 'a flood'])).toMatchObject({ exitCode: 0 });
  };
  await block(`${LONG_BLOCKED}/32`, '--for', '1h');
  await block('2001:db8:bad::/48', 'veth1', '--for', '2h');
  await block(SOON_FREE, '--for', `${SOON}s`);
  const made = await blocks(lab);
  expect(made).toHaveLength(3);
  expect(await blocked(lab, LONG_BLOCKED)).toBe(3);
  const { '(blocked)': counted = 0 } = await counts(lab);

  await using traffic = await Traffic.flow(lab);
  await install(lab, 'new');
  // Builds before owners recorded none.
  const owned = made.map((one) => ({ ...one, owner: 'operator' }));
  expect(await blocks(lab)).toEqual(owned);
  await takeOver(lab);
  expect(await blocks(lab)).toMatchObject(owned.filter(({ until }) => Date.parse(until) > Date.now()));
  expect((await counts(lab))['(blocked)']).toBe(counted);
  expect(await blocked(lab, LONG_BLOCKED)).toBe(3);
  // What each has dropped is counted from here on.
  const [first] = await blocks(lab);
  expect(first).toMatchObject({ cidr: LONG_BLOCKED, hits: { packets: 3 } });
  expect((await status(lab)).blocks?.count).toBeGreaterThanOrEqual(2);
  await traffic.unbroken();

  const end = Date.parse(made.find(({ cidr }) => cidr === SOON_FREE)?.until ?? '');
  await expect.poll(() => blocked(lab, SOON_FREE), { timeout: 2000 * SOON, interval: 500 }).toBe(0);
  expect(Date.now(), 'not before its end').toBeGreaterThanOrEqual(end - 500);
  expect(await blocked(lab, LONG_BLOCKED)).toBe(3);
  expect(await lab.run(['unblock', LONG_BLOCKED])).toMatchObject({ exitCode: 0 });
  expect(await blocked(lab, LONG_BLOCKED)).toBe(0);
  expect(await blocks(lab)).toMatchObject([{ cidr: '2001:db8:bad::/48', interface: 'veth1' }]);
});
