// What a policy means for real packets on a real interface.
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { reconcile } from '../support/host.js';
import { counts, writePolicy, type Written } from '../support/policies.js';

const ALL = { sent: 2, received: 2 };
const NONE = { sent: 2, received: 0 };

async function use(lab: Lab, policy: Written, protect?: object[]): Promise<void> {
  writePolicy(lab, policy, protect);
  await reconcile(lab);
}

it('removing a rule really removes it', async () => {
  await using lab = await createLab();
  const others = Array.from({ length: 70 }, (_, index) => ({
    name: `port-${index}`,
    match: { protocol: 'tcp', destinationPort: index + 1000 },
    action: 'drop',
  }));
  const noPing = { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' };
  await use(lab, { rules: [...others, noPing] });
  expect(await lab.ping(2)).toEqual(NONE);
  expect(await lab.connect(1000)).toBe('silence');
  await use(lab, { rules: others.slice(1) });
  expect(await lab.ping(2)).toEqual(ALL);
  expect(await lab.connect(1000)).toBe('refused');
  expect(await lab.connect(1069)).toBe('silence');
  await use(lab, { rules: [] });
  expect(await lab.connect(1069)).toBe('refused');
});

it('0.0.0.0/0 does not touch IPv6, nor ::/0 IPv4', async () => {
  await using lab = await createLab();
  const drop = (source: string) => ({ rules: [{ name: 'family', match: { source }, action: 'drop' }] });
  await use(lab, drop('0.0.0.0/0'));
  expect(await lab.ping(2)).toEqual(NONE);
  expect(await lab.ping6(2)).toEqual(ALL);
  await use(lab, drop('::/0'));
  expect(await lab.ping(2)).toEqual(ALL);
  expect(await lab.ping6(2)).toEqual(NONE);
});

it('a narrow allow does not disable a broad deny that comes first', async () => {
  await using lab = await createLab();
  const deny = { name: 'deny', match: { source: ['10.0.0.0/8', 'fd00::/8'] }, action: 'drop' };
  const allow = {
    name: 'allow',
    match: { source: ['10.77.0.2', 'fd77::2'], destination: ['10.77.0.1', 'fd77::1'] },
    action: 'pass',
  };
  await use(lab, { rules: [deny, allow] });
  expect([await lab.ping(2), await lab.ping6(2)]).toEqual([NONE, NONE]);
  await use(lab, { rules: [allow, deny] });
  expect([await lab.ping(2), await lab.ping6(2)]).toEqual([ALL, ALL]);
});

it('ARP and neighbour discovery survive default: drop', async () => {
  await using lab = await createLab();
  await use(lab, {
    default: 'drop',
    rules: [{ name: 'open', match: { protocol: 'tcp', destinationPort: 82 }, action: 'pass' }],
  });
  for (const family of ['-4', '-6']) {
    await lab.exec('ip', family, 'neigh', 'flush', 'all');
    await lab.execOutside('ip', family, 'neigh', 'flush', 'all');
  }
  expect([await lab.connect(82), await lab.connect6(82)]).toEqual(['refused', 'refused']);
  expect([await lab.connect(83), await lab.connect6(83)]).toEqual(['silence', 'silence']);
  expect([await lab.ping(2), await lab.ping6(2)]).toEqual([NONE, NONE]);
  const { open = 0, '(non-ip)': arp = 0, '(protect)': discovery = 0 } = await counts(lab);
  expect([open >= 2, arp > 0, discovery > 0]).toEqual([true, true, true]);
});

it('nothing gets through nonIp: drop and neighborDiscovery: match', async () => {
  await using lab = await createLab();
  await use(lab, { default: 'drop', nonIp: 'drop', neighborDiscovery: 'match' });
  await lab.execOutside('ip', 'neigh', 'flush', 'all');
  expect([await lab.ping(2), await lab.ping6(2)]).toEqual([NONE, NONE]);
  expect(await lab.execOutside('ip', 'neigh')).not.toContain('lladdr');
});

it('protect wins over a rule that drops everything', async () => {
  await using lab = await createLab();
  await using conversation = await lab.converse();
  const everything = { name: 'everything', match: {}, action: 'drop' };
  await use(lab, { default: 'drop', rules: [everything] }, [
    { protocol: 'tcp', source: '10.77.0.0/16', destinationPort: 7007 },
  ]);
  expect(await conversation.say('alive')).toBe('alive');
  expect(await lab.ping(2)).toEqual(NONE);
  expect(await lab.connect(7008)).toBe('silence');
  await using others = await lab.capture();
  await lab.send({ source: ip('192.0.2.9'), destination: ip('10.77.0.1'), destinationPort: 7007 }, 5);
  const dropped = async () => (await counts(lab))['everything'];
  await expect.poll(dropped).toBeGreaterThanOrEqual(8);
  expect(others.packets.filter(({ destinationPort }) => destinationPort === 7007)).toEqual([]);
});

const SCRUB = {
  name: 'scrub',
  match: { protocol: 'udp', destinationPort: 9 },
  action: { redirect: { interface: 'veth1' } },
};
const NO_PING = { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' };

it('a redirect target that is gone is missing, one that comes back makes a new instance', async () => {
  await using lab = await createLab({ pairs: 2 });
  const attack = { protocol: 17, destinationPort: 9 };
  await use(lab, { rules: [SCRUB] });
  const [before] = (await reconcile(lab)).interfaces;
  await lab.exec('ip', 'link', 'del', 'veth1');

  writePolicy(lab, { rules: [SCRUB, NO_PING] });
  const missing = await reconcile(lab, 12);
  expect(missing.interfaces).toMatchObject([
    { name: 'veth0', condition: 'Missing', programId: before?.programId, linkId: before?.linkId },
  ]);
  expect(missing.interfaces[0]?.reason).toBe('the redirect target veth1 does not exist');
  expect(await lab.ping(2)).toEqual(ALL);

  writePolicy(lab, { rules: [SCRUB] });
  await reconcile(lab, 12);
  await lab.addPair(1);
  const after = await reconcile(lab);
  expect(after.steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  expect(after.interfaces[0]?.programId).not.toBe(before?.programId);
  expect(after.interfaces[0]?.linkId).toBe(before?.linkId);
  await using scrubber = await lab.captureOutside('veth1');
  await lab.send(attack, 5);
  await expect.poll(() => scrubber.packets.filter(({ destinationPort: port }) => port === 9).length).toBe(5);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});

it('a redirect target that was never there attaches nothing', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [SCRUB] });
  expect((await reconcile(lab, 12)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Missing' }]);
  expect((await lab.netShow()).xdp).toEqual([]);
});
