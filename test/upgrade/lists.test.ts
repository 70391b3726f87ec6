// Long lists: a map of their own, shared by interfaces, and one that the old build changed by a second map beside it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { document, hostFile, reconcile } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';
import { createOldLab, install, links, LONG, takeOver } from './installed.js';
import { Traffic } from './traffic.js';

const LENGTH = 20_000;

/** Of `172.16.0.0`, `172.16.0.2`, ...: `LENGTH` of them from one on, and the whole of a network. */
const SHRINKS = { blocked: { maxShrink: '100%' } };

function writeList(lab: Lab, from: number, length = LENGTH): void {
  const line = (at: number) => `172.${16 + (at >> 15)}.${(at >> 7) & 255}.${(2 * at) & 255}`;
  const lines = Array.from({ length }, (_, at) => line(from + at));
  lab.writeState({ 'lists/blocked.txt': [...lines, '2001:db8:bad::/48', ''].join('\n') });
}

function writeHostFiles(lab: Lab): void {
  const rules = (direction: string) => [
    { name: 'no-ping', match: { protocol: 'icmp', source: '10.0.0.0/8' }, action: 'drop' },
    { name: 'blocked', match: { [direction]: { list: 'blocked' } }, action: 'drop' },
  ];
  lab.writeState({
    'policies/from.yaml': policyFile('from', { lists: SHRINKS, rules: rules('source') }),
    'policies/to.yaml': policyFile('to', { lists: SHRINKS, rules: rules('destination') }),
    'hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: from', veth1: 'mode: native, policy: to' }),
  });
}

const [FIRST, SECOND, KEPT, ADDED] = ['172.16.0.0', '172.16.0.2', '172.16.12.0', '172.16.156.64'];
const lists = (lab: Lab) => join(lab.bpffs, 'xdpkeep/lists');

/** On both interfaces. */
async function expectDropped(lab: Lab, dropped: string[], passed: string[]): Promise<void> {
  for (const [name, direction] of [
    ['veth0', 'source'],
    ['veth1', 'destination'],
  ] as const) {
    const before = (await counts(lab, name))['blocked'] ?? 0;
    const packets = [...passed, ...dropped].map((address) => {
      return { protocol: 17, destinationPort: 9, [direction]: ip(address) };
    });
    await using sending = await lab.flood(
      { frames: 3 * packets.length, seconds: 30, packets, atOnce: 3 },
      name,
    );
    await sending.done();
    await expect
      .poll(() => counts(lab, name), { message: name })
      .toMatchObject({ blocked: before + 3 * dropped.length });
  }
}

it.each([
  { name: 'as it was laid out', changed: false },
  { name: 'with what changed in it beside it', changed: true },
])('a long list, $name', { timeout: LONG }, async ({ changed }) => {
  await using lab = await createOldLab({ pairs: 2 });
  writeHostFiles(lab);
  writeList(lab, 0);
  await reconcile(lab);
  if (changed) {
    writeList(lab, 1);
    await reconcile(lab);
  }
  const now = changed
    ? { dropped: [SECOND, KEPT, ADDED], passed: [FIRST] }
    : { dropped: [FIRST, KEPT], passed: [ADDED] };
  await expectDropped(lab, now.dropped, now.passed);
  const counted = await counts(lab);

  await using traffic = await Traffic.flow(lab);
  const passed = await lab.icmpReceived();
  await takeOver(lab);
  expect((await counts(lab))['blocked']).toBe(counted['blocked']);
  await expectDropped(lab, now.dropped, now.passed);

  // The next change of it, back to what the old build recorded, and back from that.
  writeList(lab, 2);
  expect(await reconcile(lab)).toMatchObject({
    changed: true,
    lists: [{ name: 'blocked', entries: LENGTH + 1 }],
  });
  await expectDropped(lab, [KEPT, ADDED], [FIRST, SECOND]);
  document(await lab.run(['rollback', '1', '--output', 'json']), 0);
  await expectDropped(lab, [FIRST, SECOND, KEPT], [ADDED]);
  expect(document(await lab.run(['reconcile', '--deep', '--output', 'json']), 13)).toMatchObject({
    changed: false,
  });
  expect(await lab.icmpReceived()).toBe(passed);
  await traffic.unbroken();

  // What nobody asks for any more is gone, whoever laid it out.
  writeList(lab, 0, 10);
  await reconcile(lab);
  await expectDropped(lab, [FIRST], [KEPT]);
  expect(existsSync(lists(lab))).toBe(false);
});

it(
  'lists that are refused by now hold as the old build took them, until somebody says that they are meant',
  {
    timeout: LONG,
  },
  async () => {
    await using lab = await createOldLab();
    const drop = (name: string) => ({ name, match: { source: { list: name } }, action: 'drop' });
    const write = (more: object) => {
      lab.writeState({
        'lists/wide.txt': '10.0.0.0/7\n::/8\n',
        'lists/none.txt': '# nobody\n',
        'policies/edge.yaml': policyFile('edge', { ...more, rules: [drop('wide'), drop('none')] }),
        'hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: edge' }),
      });
    };
    write({});
    await reconcile(lab);
    expect(await lab.ping(1)).toMatchObject({ received: 0 });
    const before = await links(lab);

    await install(lab, 'new');
    const refused = await lab.run(['reconcile']);
    expect(refused.exitCode).toBe(65);
    expect(refused.stderr).toMatch(/lists\/wide\.txt:1:1/);
    for (const word of ['lists/none.txt', 'widest: {ipv4: N}', 'allowEmpty: true'])
      expect(refused.stderr).toContain(word);
    expect((await lab.run(['restore'])).exitCode).toBe(0);
    expect(await links(lab)).toEqual(before);
    expect(await lab.ping(1)).toMatchObject({ received: 0 });

    write({ lists: { wide: { widest: { ipv4: 7, ipv6: 8 } }, none: { allowEmpty: true } } });
    for (const step of (await reconcile(lab)).steps) expect(step).toMatchObject({ gap: false });
    expect(await links(lab)).toEqual(before);
    expect(await lab.ping(1)).toMatchObject({ received: 0 });
  },
);
