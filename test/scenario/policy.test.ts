// Policies through the loop: what an update keeps, what it refuses, and what it leaves alone.
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile, ICMP_DROP, reconcile, status, writeHost } from '../support/host.js';
import { counts, policyFile, writePolicy } from '../support/policies.js';

const NO_PING = {
  name: 'no-ping',
  match: { protocol: 'icmp', icmpType: 'echo-request' },
  action: 'drop',
};
const NO_DISCARD = { name: 'no-discard', match: { protocol: 'udp', destinationPort: 9 }, action: 'drop' };
const NO_81 = { name: 'no-81', match: { protocol: 'tcp', destinationPort: 81 }, action: 'drop' };

/** Datagrams that `no-discard` drops. */
async function discards(lab: Lab, frames: number): Promise<void> {
  await lab.send({ protocol: 17, destinationPort: 9 }, frames);
}

const countsOf = (lab: Lab, rows: Record<string, number>) =>
  expect.poll(() => counts(lab)).toMatchObject(rows);

it('counters belong to rule names: through an update, a reordering, a removal and a rollback', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING, NO_DISCARD] });
  await reconcile(lab);
  expect(await lab.ping(3)).toEqual({ sent: 3, received: 0 });
  await discards(lab, 5);
  await countsOf(lab, { 'no-ping': 3, 'no-discard': 5 });

  writePolicy(lab, { rules: [NO_81, NO_PING, NO_DISCARD] });
  await reconcile(lab);
  await lab.ping(2);
  expect(await lab.connect(81)).toBe('silence');
  await countsOf(lab, { 'no-ping': 5, 'no-discard': 5 });
  const { 'no-81': syns = 0 } = await counts(lab);
  expect(syns).toBeGreaterThan(0);

  writePolicy(lab, { rules: [NO_DISCARD, NO_PING, NO_81] });
  await reconcile(lab);
  await discards(lab, 2);
  await countsOf(lab, { 'no-ping': 5, 'no-discard': 7, 'no-81': syns });
  expect(Object.keys(await counts(lab)).slice(0, 3)).toEqual(['no-discard', 'no-ping', 'no-81']);

  writePolicy(lab, { rules: [NO_PING] });
  await reconcile(lab);
  await discards(lab, 4);
  expect(await counts(lab)).not.toHaveProperty('no-discard');

  const back = document<Reconciliation>(await lab.run(['rollback', '--output', 'json']), 0);
  expect(back.steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  await discards(lab, 1);
  await lab.ping(1);
  await countsOf(lab, { 'no-ping': 6, 'no-discard': 8, 'no-81': syns });
});

it('counts bytes of frames', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING] });
  await reconcile(lab);
  await lab.ping(3);
  const { interfaces } = JSON.parse((await lab.run(['counters', '--output', 'json'])).stdout) as {
    interfaces: { rules: unknown[] }[];
  };
  const echoRequest = 14 + 20 + 8 + 56;
  expect(interfaces[0]?.rules[0]).toEqual({ name: 'no-ping', packets: 3, bytes: 3 * echoRequest });
});

it('one wrong packet test refuses, says what it expected and got, and what runs keeps running', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING] });
  const first = await reconcile(lab);
  const tests = [
    { name: 'TCP lives', packet: { destinationPort: 22 }, expect: 'pass' },
    { name: 'UDP dies', packet: { protocol: 'udp' }, expect: 'drop', rule: 'no-discard' },
  ];
  writePolicy(lab, { rules: [NO_PING, NO_DISCARD], tests });
  const line = policyFile('edge', { rules: [NO_PING, NO_DISCARD], tests })
    .split('\n')
    .findIndex((text) => text.includes('UDP dies'));
  for (const dry of [['--dry-run'], []]) {
    const refused = await reconcile(lab, 14, ...dry);
    expect(refused.steps).toMatchObject([{ interface: 'veth0', action: 'update', outcome: 'refused' }]);
    expect(refused.steps[0]?.error).toBe(
      // The map of a test begins on the line before its name.
      `policy edge fails 1 of its packet tests: policies/edge.yaml:${line}: UDP dies: expected drop by no-discard, got pass by (default)`,
    );
    expect(refused.interfaces).toMatchObject([
      { programId: first.interfaces[0]?.programId, linkId: first.interfaces[0]?.linkId },
    ]);
  }
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 0 });
  await countsOf(lab, { 'no-ping': 2 });
  expect((await status(lab)).generation).toBe(1);

  writePolicy(lab, { rules: [NO_PING, NO_DISCARD], tests: tests.slice(0, 1) });
  await reconcile(lab);
  await discards(lab, 1);
  await countsOf(lab, { 'no-ping': 2, 'no-discard': 1 });
});

it('a wrong test of the first policy of an interface attaches nothing', async () => {
  await using lab = await createLab();
  writePolicy(lab, { tests: [{ name: 'TCP dies', packet: {}, expect: 'drop' }] });
  await reconcile(lab, 14);
  expect((await lab.netShow()).xdp).toEqual([]);
});

it('a refused policy does not keep the other interfaces from converging', async () => {
  await using lab = await createLab({ pairs: 2 });
  lab.writeState({
    'policies/wrong.yaml': policyFile('wrong', { tests: [{ name: 'TCP dies', packet: {}, expect: 'drop' }] }),
    'policies/right.yaml': policyFile('right', { rules: [NO_PING] }),
    'hosts/lab.yaml': hostFile({ veth0: 'policy: wrong', veth1: 'policy: right' }),
  });
  const { steps, interfaces } = await reconcile(lab, 14);
  expect(steps.map((step) => [step.interface, step.outcome])).toEqual([
    ['veth0', 'refused'],
    ['veth1', 'done'],
  ]);
  expect(interfaces).toMatchObject([
    { name: 'veth0', condition: 'Refused' },
    { name: 'veth1', condition: 'Ready' },
  ]);
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 2 });
  expect(await lab.ping(2, 'veth1')).toEqual({ sent: 2, received: 0 });
});

it('a changed list is a new instance and one swap; a comment or another order in it is nothing', async () => {
  await using lab = await createLab();
  const rule = { name: 'listed', match: { protocol: 'icmp', source: { list: 'bad' } }, action: 'drop' };
  writePolicy(lab, { rules: [rule] });
  lab.writeState({ 'lists/bad.txt': '192.0.2.0/24\n2001:db8::/32\n' });
  const first = await reconcile(lab);
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 2 });

  lab.writeState({ 'lists/bad.txt': '# the same\n2001:db8::/32\n192.0.2.0/24 # documentation\n' });
  expect(await reconcile(lab)).toMatchObject({ changed: false, interfaces: first.interfaces });

  lab.writeState({ 'lists/bad.txt': '192.0.2.0/24\n10.77.0.2\n' });
  const second = await reconcile(lab);
  expect(second.steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  expect(second.interfaces).toMatchObject([{ linkId: first.interfaces[0]?.linkId, condition: 'Ready' }]);
  expect(second.interfaces[0]?.programId).not.toBe(first.interfaces[0]?.programId);
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 0 });
  await countsOf(lab, { listed: 2 });
});

it('only what changed is rebuilt', async () => {
  await using lab = await createLab({ pairs: 3 });
  lab.writeState({
    'policies/one.yaml': policyFile('one', { rules: [NO_PING] }),
    'policies/two.yaml': policyFile('two', { rules: [NO_81] }),
    'hosts/lab.yaml': hostFile({
      veth0: 'mode: native, policy: one',
      veth1: 'mode: native, policy: two',
      veth2: `mode: native, program: ${ICMP_DROP}`,
    }),
  });
  const before = (await reconcile(lab)).interfaces;
  lab.writeState({ 'policies/two.yaml': policyFile('two', { rules: [NO_DISCARD] }) });
  const { steps, interfaces } = await reconcile(lab);
  expect(steps.map((step) => [step.interface, step.action]).sort()).toEqual([
    ['veth0', 'none'],
    ['veth1', 'update'],
    ['veth2', 'none'],
  ]);
  expect(interfaces[0]).toEqual(before[0]);
  expect(interfaces[2]).toEqual(before[2]);
  expect(interfaces[1]?.programId).not.toBe(before[1]?.programId);
});

it('an interface goes from a policy to a program and back, without a gap', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING] });
  const first = await reconcile(lab);
  await lab.ping(2);
  writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });
  const program = await reconcile(lab);
  expect(program.steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  expect(program.interfaces).toMatchObject([{ linkId: first.interfaces[0]?.linkId, condition: 'Ready' }]);
  expect(await lab.ping(3)).toEqual({ sent: 3, received: 0 });
  const { interfaces } = document<{ interfaces: unknown[] }>(
    await lab.run(['counters', '--output', 'json']),
    0,
  );
  expect(interfaces).toEqual([]);

  writePolicy(lab, { rules: [NO_PING] });
  const back = await reconcile(lab);
  expect(back.steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  expect(back.interfaces).toMatchObject([{ linkId: first.interfaces[0]?.linkId, condition: 'Ready' }]);
  await lab.ping(1);
  await countsOf(lab, { 'no-ping': 3 });
});

it('the dry run says which packets get another verdict', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING, NO_81] });
  await reconcile(lab);
  writePolicy(lab, { rules: [NO_81, { ...NO_PING, action: 'pass' }] });
  const [step] = (await reconcile(lab, 0, '--dry-run')).steps;
  expect(step?.fates).toEqual({
    complete: true,
    changes: [
      {
        from: 'drop',
        to: 'pass',
        fromRow: 'no-ping',
        toRow: 'no-ping',
        example: expect.stringMatching(/^icmp .*type 8/) as string,
        kinds: ['IPv4 ICMP'],
      },
    ],
  });
  expect((await lab.run(['reconcile', '--dry-run'])).stdout).toMatch(
    /\n +icmp .* type 8.*: drop \(no-ping\) -> pass \(no-ping\)\n/,
  );

  writePolicy(lab, { rules: [NO_81] });
  expect((await lab.run(['reconcile', '--dry-run'])).stdout).toContain(
    ': drop (no-ping) -> pass (default)\n',
  );

  writePolicy(lab, { rules: [NO_81, NO_PING] });
  const [moved] = (await reconcile(lab, 0, '--dry-run')).steps;
  expect(moved).toMatchObject({ action: 'update', fates: { complete: true, changes: [] } });
  expect((await lab.run(['reconcile', '--dry-run'])).stdout).toContain('no packet gets another verdict');
});

it('a wrong packet test that comes alone is refused too, and what runs keeps running', async () => {
  await using lab = await createLab();
  const policy = { name: 'edge', rules: [{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }] };
  writePolicy(lab, policy);
  const [before] = (await reconcile(lab)).interfaces;
  const packet = { protocol: 'icmp', icmpType: 'echo-request' };
  writePolicy(lab, { ...policy, tests: [{ name: 'ping lives', packet, expect: 'pass' }] });
  for (const args of [['--dry-run'], []]) {
    const refused = await lab.run(['reconcile', ...args]);
    expect(refused.exitCode).toBe(14);
    expect(refused.stderr).toContain('ping lives: expected pass, got drop by no-ping');
  }
  expect((await lab.netShow()).xdp[0]?.id).toBe(before?.programId);
  writePolicy(lab, { ...policy, tests: [{ name: 'ping dies', packet, expect: 'drop', rule: 'no-ping' }] });
  expect(await reconcile(lab)).toMatchObject({ changed: false, generation: 2 });
});
