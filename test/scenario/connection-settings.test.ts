// What a Host file says of its connections: timeouts change under the program that runs, a table of another size takes over what is known.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readLives } from '../../src/kernel/connection-tables.js';
import { mapInfo, openPin } from '../../src/kernel/pinned.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { Status } from '../../src/model/status.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile, reconcile } from '../support/host.js';
import { writePolicy } from '../support/policies.js';

const ANSWERS = {
  default: 'drop',
  rules: [
    { name: 'answers', match: { connection: ['established', 'related'] }, action: 'pass' },
    { name: 'served', match: { connection: 'new', protocol: 'tcp', destinationPort: 7099 }, action: 'pass' },
  ],
};

const pinned = (lab: Lab, name: string) => join(lab.bpffs, 'xdpkeep/connections', name);
const recorders = (lab: Lab) =>
  readdirSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0')).filter((name) => name.startsWith('egress-'));

function room(lab: Lab): number {
  using table = openPin(pinned(lab, 'opened'));
  return table ? mapInfo(table).maxEntries * 2 : 0;
}

function udpLife(lab: Lab): number {
  using lives = openPin(pinned(lab, 'lives'));
  return lives ? readLives(lives).udp : 0;
}

function say(lab: Lab, connections: string, more = ''): void {
  const file = hostFile({ veth0: 'mode: native, policy: edge' });
  lab.writeState({ 'hosts/lab.yaml': `${file}\nconnections: ${connections}\n${more}` });
}

const pass = async (lab: Lab) =>
  document<Reconciliation>(await lab.run(['reconcile', '--output', 'json']), 0);

it('timeouts change without a reload; tables of another size hold what those before did', async () => {
  await using lab = await createLab();
  writePolicy(lab, ANSWERS);
  await reconcile(lab);
  await using conversation = await lab.converse('veth0', 7099);
  await conversation.say('as usual');
  expect([room(lab), udpLife(lab)]).toEqual([262_144, 30]);
  const [before] = recorders(lab);

  say(lab, '{timeouts: {udp: 1m, tcp: {flowing: 1h}}}');
  const retimed = await pass(lab);
  expect(retimed.steps.map(({ action, reason }) => `${action}: ${reason}`)).toEqual([
    'none: in sync',
    'update: timeouts of connections on all interfaces: tcp flowing 432000 s -> 3600 s, udp 30 s -> 60 s',
  ]);
  expect(udpLife(lab)).toBe(60);
  expect(recorders(lab)).toEqual([before]);
  expect((await pass(lab)).changed).toBe(false);

  say(lab, '{max: 4096}');
  const dry = document<Reconciliation>(await lab.run(['reconcile', '--dry-run', '--output', 'json']), 0);
  expect(dry.steps[0]?.reason).toBe(
    'the tables of connections are made anew, for 4096 flows instead of 262144, with what they hold',
  );
  expect(room(lab)).toBe(262_144);
  expect((await pass(lab)).changed).toBe(true);
  expect([room(lab), udpLife(lab)]).toEqual([4096, 30]);
  expect(recorders(lab)).toEqual([`${before}-c4096`]);
  expect(existsSync(pinned(lab, 'former-opened'))).toBe(false);
  await conversation.say('in the smaller tables');
  expect((await pass(lab)).changed).toBe(false);

  const { memory } = document<Status>(await lab.run(['status', '--memory', '--output', 'json']), 0);
  const tables = memory?.shared.filter(({ name }) => name.endsWith(' connections')) ?? [];
  expect(tables.map(({ name }) => name).sort()).toEqual([
    'begun connections',
    'grace connections',
    'lives connections',
    'opened connections',
    'recorded connections',
    'served connections',
  ]);
  expect(tables.every(({ bytes }) => bytes > 0)).toBe(true);

  await lab.run(['rollback']);
  expect([room(lab), udpLife(lab)]).toEqual([262_144, 60]);
  await conversation.say('rolled back');
});

it('a change of the size that is undone leaves the tables that were there', async () => {
  await using lab = await createLab();
  writePolicy(lab, ANSWERS);
  await reconcile(lab);
  await using conversation = await lab.converse('veth0', 7099);
  await conversation.say('as usual');
  const before = recorders(lab);
  say(lab, '{max: 8192}');
  await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: 'swap:before=fail' } });
  await conversation.say('after the failure');
  await pass(lab);
  expect(room(lab)).toBe(8192);

  say(lab, '{max: 16384}', 'confirm: 1m\n');
  await pass(lab);
  expect(recorders(lab)).toHaveLength(2);
  await conversation.say('on trial');
  await lab.run(['cancel']);
  expect(room(lab)).toBe(8192);
  expect(recorders(lab)).toEqual([`${before[0]}-c8192`]);
  await conversation.say('undone');

  await lab.run(['resume']);
  await pass(lab);
  await lab.run(['confirm']);
  await reconcile(lab);
  expect(recorders(lab)).toEqual([`${before[0]}-c16384`]);
  expect(existsSync(pinned(lab, 'former-opened'))).toBe(false);
  await conversation.say('confirmed');
});

it.each(['record:before', 'record:after', 'swap:after'])(
  'killed at %s, the next pass converges',
  async (point) => {
    await using lab = await createLab();
    writePolicy(lab, ANSWERS);
    await reconcile(lab);
    await using conversation = await lab.converse('veth0', 7099);
    say(lab, '{max: 4096}');
    await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: point } });
    await pass(lab);
    await pass(lab);
    expect(room(lab)).toBe(4096);
    expect(recorders(lab)).toHaveLength(1);
    await conversation.say('still there');
    expect((await pass(lab)).changed).toBe(false);
  },
);
