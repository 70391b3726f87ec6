// `reconcile --deep` compares what is in the kernel. Elsewhere the name of an instance is believed: so each test puts the
// instance of one desired state under the name of another, which is what nobody but `--deep` can find out.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { counts, writePolicy, type Written } from '../support/policies.js';
import { ICMP_DROP, mapValues, OWN, ownProgram, reconcile, status, writeHost } from '../support/host.js';

/** So many that they are a map of their own. */
const addresses = (network: number): string =>
  Array.from({ length: 400 }, (_, at) => `10.${network}.${at >> 7}.${(at & 127) * 2}\n`).join('');
const listed: Written = { rules: [{ name: 'r', match: { source: { list: 'l' } }, action: 'drop' }] };
const port = (destinationPort: number): Written => ({
  rules: [{ name: 'r', match: { protocol: 'tcp', destinationPort }, action: 'drop' }],
});

/** Name, what is wanted, what runs under its name, and what is said of it. */
const CASES: [string, (lab: Lab) => void, (lab: Lab) => void, RegExp][] = [
  [
    'tables',
    (lab) => {
      writePolicy(lab, port(22));
    },
    (lab) => {
      writePolicy(lab, port(23));
    },
    /its table of rules has another content/,
  ],
  [
    'settings',
    (lab) => {
      writePolicy(lab, { ...port(22), malformed: 'drop' });
    },
    (lab) => {
      writePolicy(lab, { ...port(22), malformed: 'pass' });
    },
    /another content|instructions are others/,
  ],
  [
    'a list',
    (lab) => {
      lab.writeState({ 'lists/l.txt': addresses(1) });
      writePolicy(lab, listed);
    },
    (lab) => {
      lab.writeState({ 'lists/l.txt': addresses(2) });
    },
    /its list l has another content/,
  ],
  [
    'a program',
    (lab) => {
      lab.writeState({ 'programs/own.bpf.c': ownProgram('one') });
      writeHost(lab, { veth0: `program: ${OWN}` });
    },
    (lab) => {
      writeHost(lab, { veth0: `program: ${ICMP_DROP}` });
    },
    /instructions are others/,
  ],
];

it.each(CASES)(
  'finds %s that are not what the name says, and puts that right',
  async (_what, want, other, said) => {
    await using lab = await createLab();
    want(lab);
    await reconcile(lab);
    const wanted = await running(lab);
    other(lab);
    await reconcile(lab);
    const there = await running(lab);
    expect(there).not.toBe(wanted);
    const folder = join(lab.bpffs, 'xdpkeep/interfaces/veth0');
    renameSync(join(folder, there), join(folder, wanted));
    want(lab);

    expect(await reconcile(lab)).toMatchObject({ changed: false, interfaces: [{ condition: 'Ready' }] });
    const steps = [
      { interface: 'veth0', action: 'update', reason: expect.stringMatching(said) as string, gap: false },
    ];
    expect(await reconcile(lab, 2, '--deep', '--dry-run', '--detailed-exitcode')).toMatchObject({ steps });
    const before = (await status(lab)).interfaces[0]?.programId;
    expect(await reconcile(lab, 0, '--deep')).toMatchObject({
      changed: true,
      steps,
      interfaces: [{ condition: 'Ready', digest: wanted }],
    });
    expect((await status(lab)).interfaces[0]?.programId).not.toBe(before);
    expect(await reconcile(lab, 0, '--deep')).toMatchObject({ changed: false });
  },
);

it('finds nothing on a sound host, whatever was counted meanwhile', async () => {
  await using lab = await createLab({ pairs: 3 });
  lab.writeState({ 'lists/l.txt': addresses(1), 'programs/own.bpf.c': ownProgram('one') });
  writePolicy(lab, {
    rules: [
      ...(listed.rules ?? []),
      {
        name: 'ping',
        match: { protocol: 'icmp' },
        rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source' },
        action: 'drop',
      },
      {
        name: 'until',
        match: { protocol: 'udp' },
        action: 'drop',
        until: '2100-01-01T00:00:00Z',
        log: { oneIn: 2 },
      },
      { name: 'cpu', match: { protocol: 'tcp', destinationPort: 9 }, action: { redirect: { cpu: 0 } } },
      { name: 'scrub', match: { protocol: 'sctp' }, action: { redirect: { interface: 'veth2' } } },
    ],
  });
  writeHost(lab, { veth0: 'policy: edge', veth1: `program: ${OWN}`, veth2: `program: ${ICMP_DROP}` });
  await reconcile(lab);
  await lab.ping(3);
  await lab.ping(2, 'veth1');
  const programs = async () =>
    (await status(lab)).interfaces.map(({ programId, linkId }) => [programId, linkId]);
  const before = await programs();
  expect(await reconcile(lab, 0, '--deep')).toMatchObject({ changed: false });
  expect(await programs()).toEqual(before);
  expect(await mapValues(lab, 'veth1', 'icmp_drops')).toEqual([2]);
  expect(await counts(lab)).toMatchObject({ ping: expect.any(Number) as number });
});

async function running(lab: Lab): Promise<string> {
  return (await status(lab)).interfaces[0]?.digest ?? '';
}
