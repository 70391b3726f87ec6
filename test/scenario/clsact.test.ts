// Where the kernel has no TCX links, what leaves is recorded by a filter of clsact. This kernel has them: XDPKEEP_NO_TCX makes it go without;
// that an older one does the same is asked in qemu.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PRIORITY } from '../../src/kernel/clsact.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { Status } from '../../src/model/status.js';
import { createLab, type Lab } from '../lab.js';
import { compileProgram } from '../lab/programs.js';
import { ANSWER, askFor, serve } from '../support/datagrams.js';
import { document, hostFile } from '../support/host.js';
import { writePolicy } from '../support/policies.js';

const CLIENT = {
  default: 'drop',
  rules: [
    { name: 'answers', match: { connection: ['established', 'related'] }, action: 'pass' },
    { name: 'served', match: { connection: 'new', protocol: 'tcp', destinationPort: 7099 }, action: 'pass' },
  ],
};

const env = { XDPKEEP_NO_TCX: '1' };
const pass = async (lab: Lab, more = {}) =>
  document<Reconciliation>(await lab.run(['reconcile', '--output', 'json'], { env: { ...env, ...more } }), 0);
const filters = (lab: Lab) => lab.exec('tc', 'filter', 'show', 'dev', 'veth0', 'egress');
const count = async (lab: Lab, priority: number) =>
  [...(await filters(lab)).matchAll(new RegExp(`pref ${priority} bpf chain \\d+ handle`, 'g'))].length;
const recorders = (lab: Lab) =>
  readdirSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0')).filter((name) => name.startsWith('egress-'));

it('records beside the filters of others, is healed, changed, undone and given up', async () => {
  await using lab = await createLab();
  const { peerAddress } = lab.pair('veth0');
  await using _answer = await serve(lab, ANSWER, peerAddress, 7053, 5);
  await lab.exec('tc', 'qdisc', 'add', 'dev', 'veth0', 'clsact');
  const object = join(lab.directory, 'drop_port.o');
  writeFileSync(object, await compileProgram('drop_port'));
  const theirs = `tc filter add dev veth0 egress pref 40000 bpf direct-action object-file ${object} section tc`;
  await lab.exec(...(theirs.split(' ') as [string, ...string[]]));
  writePolicy(lab, CLIENT);
  await pass(lab);
  expect(await count(lab, PRIORITY)).toBe(1);
  expect(await count(lab, 40_000)).toBe(1);
  expect(await askFor(lab, peerAddress, 7053)).toBe('aaaaa');
  expect(await askFor(lab, peerAddress, 7054)).toBe('ECONNREFUSED');
  expect(await askFor(lab, peerAddress, 7055), 'dropped by the filter behind ours').toBe('silence');
  await using conversation = await lab.converse('veth0', 7099);
  await conversation.say('by a filter');
  expect((await pass(lab)).changed).toBe(false);
  const { interfaces } = document<Status>(await lab.run(['status', '--output', 'json'], { env }), 0);
  expect(interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready' }]);

  await lab.exec('tc', 'filter', 'del', 'dev', 'veth0', 'egress', 'pref', String(PRIORITY));
  const healed = await pass(lab);
  expect(healed.steps.map(({ action, outcome }) => [action, outcome])).toContainEqual(['update', 'done']);
  expect(await count(lab, PRIORITY)).toBe(1);
  expect(recorders(lab)).toHaveLength(1);

  const host = hostFile({ veth0: 'mode: native, policy: edge' });
  lab.writeState({ 'hosts/lab.yaml': `${host}connections: {max: 4096}\nconfirm: 1m\n` });
  await pass(lab);
  expect(await count(lab, PRIORITY)).toBe(2);
  await conversation.say('two beside each other');
  await lab.run(['cancel'], { env });
  expect(await count(lab, PRIORITY)).toBe(1);
  await conversation.say('undone');

  const journal = await lab.run(['journal', 'show', '--output', 'json']);
  expect(journal.stdout).toContain('"kind":"record"');
  await lab.run(['detach', '--all', '--reason', 'test'], { env });
  expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);
  expect(await count(lab, PRIORITY)).toBe(0);
  expect(await count(lab, 40_000)).toBe(1);
});

it.each(['record:before', 'record:after', 'swap:before', 'link:before'])(
  'killed at %s, the next pass converges, and none is left over',
  async (point) => {
    await using lab = await createLab();
    writePolicy(lab, CLIENT);
    await lab.run(['reconcile'], { env: { ...env, XDPKEEP_FAILPOINT: point } });
    await pass(lab);
    expect(await count(lab, PRIORITY)).toBe(1);
    expect((await pass(lab)).changed).toBe(false);
    writePolicy(lab, { default: 'pass', rules: [] });
    await pass(lab);
    expect(await count(lab, PRIORITY)).toBe(0);
    expect(recorders(lab)).toEqual([]);
  },
);
