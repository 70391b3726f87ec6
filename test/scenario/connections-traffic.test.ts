// Connections that are open and talk, through everything that happens to a host: none of them is cut.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { hostFile, reconcile } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';
import { type Change, SERVED, SteadyTraffic } from '../support/steady.js';
import { running } from '../support/trials.js';

const serve = (protocol: string) => ({
  name: protocol,
  match: { connection: 'new', protocol, destinationPort: SERVED },
  action: 'pass',
});
const RULES = [
  { name: 'answers', match: { connection: ['established', 'related'] }, action: 'pass' },
  ...[serve('tcp'), serve('udp')],
  { name: 'stray', match: { connection: 'invalid' }, action: 'drop' },
];

function write(lab: Lab, interfaces: Record<string, string>, more: object[] = []): void {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', { default: 'drop', rules: [...RULES, ...more] }),
    'hosts/lab.yaml': hostFile(interfaces),
  });
}

const NATIVE = 'mode: native, policy: edge';
const BOTH = { veth0: NATIVE, veth1: NATIVE };
const MORE = { name: 'more', match: { protocol: 'tcp', destinationPort: 9 }, action: 'drop' };

/** The kernel forgets all that is pinned, as when a machine boots; sockets of a lab stay. */
async function forget(lab: Lab): Promise<void> {
  rmSync(join(lab.bpffs, 'xdpkeep'), { recursive: true });
  await expect.poll(() => running(lab)).toBeUndefined();
}

const CHANGES: { name: string; gap?: true; make: (lab: Lab) => Promise<unknown> }[] = [
  {
    name: 'the first attach',
    make: async (lab) => {
      write(lab, BOTH);
      expect(await reconcile(lab)).toMatchObject({ changed: true });
    },
  },
  {
    name: 'a policy is swapped',
    make: async (lab) => {
      write(lab, BOTH, [MORE]);
      expect(await reconcile(lab)).toMatchObject({ changed: true });
    },
  },
  {
    name: 'a rollback',
    make: async (lab) => {
      expect(await lab.run(['rollback'])).toMatchObject({ exitCode: 0 });
      write(lab, BOTH);
      expect(await lab.run(['resume'])).toMatchObject({ exitCode: 0 });
    },
  },
  {
    name: 'another interface is left, and taken again',
    make: async (lab) => {
      write(lab, { veth0: NATIVE });
      expect(await reconcile(lab)).toMatchObject({ changed: true });
      write(lab, BOTH);
      expect(await reconcile(lab)).toMatchObject({ changed: true });
    },
  },
  {
    name: 'the host restores what ran, having forgotten all',
    make: async (lab) => {
      await forget(lab);
      expect(await lab.run(['restore'])).toMatchObject({ exitCode: 0 });
      expect(await running(lab)).toBeDefined();
    },
  },
  ...(['generic', 'native'] as const).map((mode) => ({
    name: `the mode becomes ${mode}`,
    gap: true as const,
    make: async (lab: Lab) => {
      write(lab, { ...BOTH, veth0: `mode: ${mode}, policy: edge` });
      expect(await reconcile(lab)).toMatchObject({ changed: true });
    },
  })),
];

it('no conversation is cut by what happens to a host', async () => {
  await using lab = await createLab({ pairs: 2 });
  await using traffic = await SteadyTraffic.begin(lab); // before anything is attached
  // No rule lets it begin, and its other end speaks first: it has to be known from before.
  await using quiet = await lab.converse('veth0', 7099);
  const results: Record<string, Change> = {};
  for (const { name, make } of CHANGES)
    results[name] = await traffic.during(async () => {
      await make(lab);
      await quiet.say(name);
      expect(await counts(lab), name).toMatchObject({ stray: 0 });
    });
  if (process.env['XDPKEEP_NUMBERS']) console.log(results);
  for (const [name, { tcp, datagramsLost, pings }] of Object.entries(results)) {
    expect(tcp.resets, name).toBe(0);
    // A few at most: a machine under load sends again what has arrived.
    expect(tcp.retransmitted, name).toBeLessThan(10);
    if (CHANGES.some((one) => one.name === name && one.gap)) continue;
    expect(datagramsLost, name).toBe(0);
    // The last one may be under way.
    expect(pings.lost, name).toBeLessThanOrEqual(1);
  }
}, 300_000);
