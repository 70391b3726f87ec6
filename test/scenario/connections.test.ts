// Connections on a real host: what was asked for comes in, what nobody asked for does not; through swaps, a lost recorder and
// departure.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { ANSWER, askFor, serve } from '../support/datagrams.js';
import { document, hostFile, ICMP_DROP, reconcile, status } from '../support/host.js';
import { counts, withoutGrace, writePolicy } from '../support/policies.js';
import { ECHO, talkFrom } from '../support/streams.js';

/** A host that asks, and serves SSH. */
const CLIENT = {
  default: 'drop',
  rules: [
    { name: 'answers', match: { connection: ['established', 'related'] }, action: 'pass' },
    { name: 'ssh', match: { connection: 'new', protocol: 'tcp', destinationPort: 7022 }, action: 'pass' },
  ],
};

const ask = (lab: Lab, port: number) => askFor(lab, lab.pair('veth0').peerAddress, port);
const talk = (lab: Lab, port: number) => talkFrom(lab.network.firewall, lab.pair('veth0').peerAddress, port);

/** Names of what lies pinned for veth0 that records what leaves. */
const recorders = (lab: Lab) =>
  readdirSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0')).filter((name) => name.startsWith('egress-'));

it('what this host asks for comes in, and nothing else', async () => {
  await using lab = await createLab();
  const { peerAddress } = lab.pair('veth0');
  await using _echo = await serve(lab, ECHO, peerAddress, 7007);
  await using _answer = await serve(lab, ANSWER, peerAddress, 7053, 5);
  writePolicy(lab, CLIENT);
  withoutGrace(lab);
  const dry = document<Reconciliation>(await lab.run(['reconcile', '--dry-run', '--output', 'json']), 0);
  expect(dry.steps.map(({ action, reason }) => `${action}: ${reason}`)).toEqual([
    'update: what leaves is recorded, since rules ask about connections',
    'attach: not attached',
  ]);
  await reconcile(lab);
  expect(recorders(lab)).toHaveLength(1);
  expect((await status(lab)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready' }]);

  expect(await talk(lab, 7007)).toBe('hello');
  expect(await ask(lab, 7053)).toBe('aaaaa');
  expect(await ask(lab, 7054), 'the error about a datagram of ours').toBe('ECONNREFUSED');
  const pings = await lab.exec('ping', '-n', '-q', '-c', '2', '-i', '0.1', '-W', '2', peerAddress);
  expect(pings).toContain('2 received');
  const before = (await counts(lab))['(default)'] ?? 0; // multicast of the other end

  await lab.send({ protocol: 17, sourcePort: 53, destinationPort: 40001 }, 3);
  await lab.send({ protocol: 6, sourcePort: 443, destinationPort: 40001, tcpFlags: 16 }, 4);
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 0 });
  await expect.poll(async () => (await counts(lab))['(default)'] ?? 0).toBeGreaterThanOrEqual(before + 9);
  expect(await counts(lab)).toMatchObject({ ssh: 0 });

  await using conversation = await lab.converse('veth0', 7022);
  await conversation.say('over ssh');
  await expect.poll(async () => (await counts(lab))['ssh']).toBe(1);

  // A swap keeps what is known.
  writePolicy(lab, {
    ...CLIENT,
    rules: [...CLIENT.rules, { name: 'more', match: { protocol: 'udp' }, action: 'drop' }],
  });
  const swap = document<Reconciliation>(await lab.run(['reconcile', '--output', 'json']), 0);
  expect(swap.steps.map(({ action }) => action)).toEqual(['update']);
  await conversation.say('still there');

  const left = document<Reconciliation>(
    await lab.run(['detach', '--all', '--reason', 'test', '--output', 'json']),
    0,
  );
  expect(left.steps).toMatchObject([{ action: 'detach', outcome: 'done' }]);
  expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);
});

it('what is open at the first attach goes on; what records is healed; a rollback takes it away again', async () => {
  await using lab = await createLab();
  await using conversation = await lab.converse('veth0', 7099);
  await conversation.say('before anything');
  lab.writeState({ 'hosts/lab.yaml': hostFile({ veth0: `mode: native, program: ${ICMP_DROP}` }) });
  await reconcile(lab);
  expect(recorders(lab)).toEqual([]);

  const answers = CLIENT.rules.slice(0, 1);
  writePolicy(lab, { ...CLIENT, rules: answers });
  await reconcile(lab);
  await conversation.say('no rule but for answers');
  expect(await lab.connect(7099)).toBe('silence');

  const explained = await lab.run(['explain', 'veth0', 'destinationPort: 7099, tcpFlags: {ack: true}']);
  expect(explained.stdout).toContain('connection: invalid');
  const supposed = await lab.run(['explain', 'veth0', 'destinationPort: 7099, connection: established']);
  expect(supposed.stdout).toContain('pass by answers');

  const [recorder = ''] = recorders(lab);
  rmSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0', recorder));
  const healed = document<Reconciliation>(await lab.run(['reconcile', '--output', 'json']), 0);
  expect(healed.steps).toMatchObject([
    { action: 'none' },
    {
      action: 'update',
      reason: 'what leaves is not recorded: somebody detached it',
      drift: 'detached',
      outcome: 'done',
    },
  ]);
  expect(recorders(lab)).toEqual([recorder]);
  await conversation.say('healed');

  rmSync(join(lab.bpffs, 'xdpkeep/connections/lives'));
  rmSync(join(lab.bpffs, 'xdpkeep/connections/recorded'));
  const repinned = document<Reconciliation>(await lab.run(['reconcile', '--output', 'json']), 0);
  expect(repinned.steps).toMatchObject([
    { action: 'none' },
    {
      action: 'update',
      reason: 'maps of connections lost their pins, and get them back: somebody changed the pins',
      drift: 'pins',
      outcome: 'done',
    },
  ]);
  for (const name of ['lives', 'recorded'])
    expect(existsSync(join(lab.bpffs, 'xdpkeep/connections', name)), name).toBe(true);
  expect(await reconcile(lab)).toMatchObject({ changed: false });

  for (const mode of ['generic', 'native']) {
    lab.writeState({ 'hosts/lab.yaml': hostFile({ veth0: `mode: ${mode}, policy: edge` }) });
    await reconcile(lab);
    await conversation.say(`now ${mode}`);
  }
  writePolicy(lab, { default: 'pass', rules: [] });
  await reconcile(lab);
  expect(recorders(lab)).toEqual([]);
  expect(existsSync(join(lab.bpffs, 'xdpkeep/connections'))).toBe(false);
  await lab.run(['rollback']);
  expect(recorders(lab)).toEqual([recorder]);
  await conversation.say('rolled back');
  expect(await lab.connect(7099)).toBe('silence');
});

it.each(['record:before', 'record:after', 'swap:before', 'link:before'])(
  'killed at %s, the next pass converges',
  async (point) => {
    await using lab = await createLab();
    writePolicy(lab, CLIENT);
    await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: point } });
    await reconcile(lab);
    expect(recorders(lab)).toHaveLength(1);
    const { stdout } = await lab.run(['journal', 'show', '--output', 'json']);
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { phase?: string; step?: { kind: string } });
    expect(records.filter(({ step }) => step?.kind === 'record').map(({ phase }) => phase)).toContain('done');
    expect(document<Reconciliation>(await lab.run(['reconcile', '--output', 'json']), 0)).toMatchObject({
      changed: false,
    });
  },
);

it('protect does not ask about connections, and a packet test knows what left before', async () => {
  await using lab = await createLab();
  const query = {
    protocol: 'udp',
    source: '192.0.2.2',
    destination: '192.0.2.1',
    sourcePort: 40000,
    destinationPort: 53,
  };
  const answer = {
    protocol: 'udp',
    source: '192.0.2.1',
    destination: '192.0.2.2',
    sourcePort: 53,
    destinationPort: 40000,
  };
  const tests = [
    { name: 'an answer', after: [{ outgoing: query }], packet: answer, expect: 'pass', rule: 'answers' },
    { name: 'no answer', packet: answer, expect: 'drop', rule: '(default)' },
    {
      name: 'another port',
      after: [{ outgoing: query }],
      packet: { ...answer, sourcePort: 54 },
      expect: 'drop',
    },
    { name: 'a word', packet: { connection: 'related' }, expect: 'pass', rule: 'answers' },
  ];
  writePolicy(lab, { ...CLIENT, tests });
  expect(await lab.run(['test'])).toMatchObject({ exitCode: 0 });
  expect(await lab.run(['lint'])).toMatchObject({ exitCode: 0 });
  writePolicy(lab, { ...CLIENT, tests }, [{ connection: 'established' }]);
  const refused = await lab.run(['validate']);
  expect(refused).toMatchObject({ exitCode: 65 });
  expect(refused.stdout + refused.stderr).toContain('what is protected never depends on what is remembered');
});
