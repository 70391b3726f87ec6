// Probes and the guard on the counters: what held before a change has to hold after it, or the change is undone.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { swapProgram } from '../../src/kernel/attach.js';
import { linkInfo, openPin, openProgram } from '../../src/kernel/pinned.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { scaled } from '../lab/pace.js';
import { must } from '../lab/exec.js';
import { ip } from '../lab/traffic.js';
import { document, hostFile, mapValues, reconcile } from '../support/host.js';
import { policyFile } from '../support/policies.js';
import { stopAt } from '../support/stopped.js';
import { DROP, HeldProbe, OTHER, running, start, trialPhases, writeGuarded } from '../support/trials.js';

/** Programs that let no echo reply in: pings from the firewall's side fail. */
/** What fails after the change fails at once in each try, but for the answer that does not come. */
const PING = `probes: [{ping: 10.77.0.2, timeout: ${Math.min(30, scaled(2))}s, tries: 2}]\n`;

it('a probe that held before and fails after undoes the change, holds it, and exits 10', async () => {
  await using lab = await createLab();
  writeGuarded(lab, DROP, PING);
  const undone = await reconcile(lab, 10);
  expect(undone).toMatchObject({
    generation: 2,
    changed: false,
    steps: [{ outcome: 'undone' }],
    hold: { generation: 0 },
    trial: { probes: [{ probe: 'ping 10.77.0.2', heldBefore: true, heldAfter: false }] },
  });
  expect(undone.trial?.failure).toMatch(
    /^probe ping 10\.77\.0\.2 held before the change and fails after it: /,
  );
  expect(undone.trial?.rolledBackIn).toBeGreaterThan(0);
  expect(await running(lab)).toBeUndefined();
  expect(trialPhases(lab)).toEqual(['intent', 'undone']);

  expect(await reconcile(lab, 13)).toMatchObject({ changed: false });
  // Who corrects the probe wants the change.
  writeGuarded(lab, DROP, 'probes: [{tcp: "10.77.0.2:7", timeout: 200ms, tries: 1}]\n');
  const made = await reconcile(lab);
  expect(made).toMatchObject({
    changed: true,
    trial: {
      probes: [
        {
          probe: 'tcp 10.77.0.2:7',
          heldBefore: false,
          detail: expect.stringContaining('ECONNREFUSED') as string,
        },
      ],
    },
  });
  expect(trialPhases(lab).at(-1)).toBe('confirmed');
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 0 });
});

it('one that failed before decides nothing, and healing what was confirmed asks no probe', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER, PING); // the program that runs drops the replies already
  expect(await reconcile(lab)).toMatchObject({
    changed: true,
    trial: { probes: [{ heldBefore: false }] },
  });
  expect(await running(lab)).not.toBe(former);
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep'));
  const healed = await reconcile(lab);
  expect(healed).toMatchObject({ changed: true, generation: 2 });
  expect(healed.trial).toBeUndefined();
});

it('ping, tcp, http, dns and exec ask what they say', async () => {
  await using lab = await createLab();
  await using echo = await lab.converse('veth0', 7007);
  expect(await echo.say('x')).toBe('x');
  const secret = join(lab.allowCommands(), 'secret');
  writeFileSync(join(lab.directory, 'ok'), `#!/bin/sh\nenv > ${secret}\n`, { mode: 0o755 });
  const probes = [
    { ping: '10.77.0.2', timeout: `${Math.min(30, scaled(2))}s`, tries: 1 },
    { ping: 'fd77::2', timeout: `${Math.min(30, scaled(2))}s`, tries: 1 },
    { tcp: '10.77.0.1:7007', timeout: '30s' },
    { tcp: '[fd77::1]:7007', tries: 1 },
    { http: 'http://10.77.0.1:7008/', tries: 1 },
    { dns: 'example.org', server: '10.77.0.2', tries: 1, timeout: '300ms' },
    { exec: [join(lab.directory, 'ok')], timeout: '30s' },
    { exec: ['/bin/sh', '-c', 'echo no >&2; exit 3'], tries: 2, timeout: '30s' },
    { exec: ['/bin/sleep', '60'], tries: 1, timeout: '300ms' },
    {
      exec: ['/bin/bash', '-lc', '[ ! -e ~ ] && [ "$(readlink /proc/self/fd/0)" = /dev/null ]'],
      timeout: '30s',
    },
  ];
  writeGuarded(lab, DROP, `probes: ${JSON.stringify(probes)}\n`);
  const env = { XDPKEEP_SECRET_OF_OURS: 'x' };
  const ran = await lab.run(['reconcile', '--output', 'json'], { env });
  const { trial } = document<Reconciliation>(ran, 10); // the pings fail after it
  expect(trial?.probes.map(({ probe, heldBefore }) => [probe, heldBefore])).toEqual([
    ['ping 10.77.0.2', true],
    ['ping fd77::2', true],
    ['tcp 10.77.0.1:7007', true],
    ['tcp [fd77::1]:7007', false],
    ['http http://10.77.0.1:7008/', false],
    ['dns example.org', false],
    [`exec ${join(lab.directory, 'ok')}`, true],
    ['exec /bin/sh -c echo no >&2; exit 3', false],
    ['exec /bin/sleep 60', false],
    [expect.stringContaining('exec /bin/bash'), true],
  ]);
  expect(trial?.probes[7]?.detail).toBe('exit 3: no (2 tries)');
  expect(trial?.probes[8]?.detail).toContain('did not end within 0.3 s');
  expect(readFileSync(secret, 'utf8')).not.toContain('SECRET');
});

it('a probe that flaps holds while one of its tries does', async () => {
  await using lab = await createLab();
  const flaps = join(lab.allowCommands(), 'flaps');
  // Two failures, then one success, over and over.
  const count = `n=$(cat ${flaps} 2>/dev/null || echo 0); echo $(((n + 1) % 3)) > ${flaps}; [ $n -eq 2 ]`;
  const command = JSON.stringify(['/bin/sh', '-c', count]);
  writeGuarded(lab, DROP, `probes: [{exec: ${command}, tries: 3, timeout: 30s}]\n`);
  const result = await reconcile(lab);
  expect(result.trial).toMatchObject({ probes: [{ heldBefore: true, heldAfter: true }] });
  writeGuarded(
    lab,
    OTHER,
    `probes: [{exec: ${command}, tries: 3, timeout: 30s}, {exec: [/bin/sh, -c, "! test -e ${flaps}.gone && touch ${flaps}.gone"], tries: 1}]\n`,
  );
  expect((await reconcile(lab, 10)).trial?.failure).toContain('.gone');
});

it('what cannot be undone either exits 11, and the next pass brings the former state back', async () => {
  await using lab = await createLab();
  await start(lab);
  const stranger = join(lab.bpffs, 'stranger');
  await must('bpftool', ['prog', 'load', 'dist/bpf/icmp_drop.bpf.o', stranger]);
  const probe = new HeldProbe(lab);
  writeGuarded(lab, OTHER, probe.yaml);
  const run = await stopAt(lab, 'pin:after');
  probe.arm();
  const ended = run.resume();
  await probe.asked();
  swapBehindItsBack(lab, stranger);
  probe.answer(1);
  const stuck = document<Reconciliation>(await ended, 11);
  expect(stuck).toMatchObject({ steps: [{ outcome: 'failed' }], hold: { generation: 1 } });
  expect(await reconcile(lab, 13)).toMatchObject({
    changed: true,
    interfaces: [{ condition: 'Ready', digest: expect.stringMatching(/./) as string }],
  });
});

it('under a flood that both states drop, neither the change nor its undoing lets a packet through', async () => {
  await using lab = await createLab();
  await start(lab);
  const probe = new HeldProbe(lab);
  writeGuarded(lab, OTHER, probe.yaml);
  const passed = await lab.icmpReceived();
  await using flood = await lab.flood({ frames: 1e9, seconds: 600 });
  const run = await stopAt(lab, 'pin:after');
  probe.arm();
  const ended = run.resume();
  await probe.asked();
  const dropped = async () => Number((await mapValues(lab, 'veth0', 'icmp_drops'))[0]);
  const during = await dropped();
  await expect.poll(dropped).toBeGreaterThan(during + 1000);
  probe.answer(1);
  expect(document<Reconciliation>(await ended, 10).steps).toMatchObject([{ outcome: 'undone' }]);
  const after = await dropped();
  await expect.poll(dropped).toBeGreaterThan(after + 1000);
  await flood.stop();
  expect(await lab.icmpReceived()).toBe(passed);
});

const GUARD = 'guard: {window: 3s, factor: 5, minimum: 200}\n';

it('rows that drop far more than before undo the change, unless they are meant to', async () => {
  await using lab = await createLab();
  const host = hostFile({ veth0: 'mode: native, policy: edge' });
  const write = (rules: object[], safeguards: string) => {
    lab.writeState({
      'policies/edge.yaml': policyFile('edge', { rules }),
      'hosts/lab.yaml': host + safeguards,
    });
  };
  write([], GUARD);
  expect(await reconcile(lab)).toMatchObject({ changed: true, trial: { probes: [] } });
  const packets = [
    { protocol: 17, destinationPort: 9, source: ip('10.77.0.2'), destination: ip('10.77.0.1') },
  ];
  await using flood = await lab.flood({ frames: 1e9, seconds: 600, packets });
  const discard = { name: 'discard', match: { protocol: 'udp', destinationPort: 9 }, action: 'drop' };
  write([discard], GUARD);
  const undone = await reconcile(lab, 10);
  expect(undone.trial?.failure).toMatch(/^veth0 discard drops \d+ packets\/s, 0 before the change$/);
  write([discard], GUARD.replace('}', ', ignore: [discard]}'));
  expect(await reconcile(lab)).toMatchObject({ changed: true });
  // As much as before is no reason.
  write([discard, { ...discard, name: 'more', match: { protocol: 'udp', destinationPort: 10 } }], GUARD);
  expect(await reconcile(lab)).toMatchObject({ changed: true, generation: 5 });
  await flood.stop();
});

function swapBehindItsBack(lab: Lab, to: string): void {
  using link = openPin(join(lab.bpffs, 'xdpkeep/interfaces/veth0/link'));
  using program = openPin(to);
  using current = link && openProgram(linkInfo(link).programId);
  if (!link || !program || !current) throw new Error('there is nothing to swap');
  swapProgram(link, program, current);
}

it('a host that allows no commands refuses the change, says which line allows them, and heals all the same', async () => {
  await using lab = await createLab();
  writeGuarded(lab, DROP);
  await reconcile(lab);
  const planted = join(lab.allowCommands(), 'planted');
  const env = { XDPKEEP_CONFIG: '' };
  const former = await running(lab);
  writeGuarded(lab, OTHER, `probes: [{exec: [/bin/touch, ${planted}]}]\n`);
  for (const args of [
    ['reconcile'],
    ['reconcile', '--dry-run'],
    ['plan', '--out', join(lab.directory, 'plan')],
  ]) {
    const refused = await lab.run(args, { env });
    expect(refused.exitCode).toBe(77);
    expect(refused.stderr).toContain('Add the line `probes: {exec: allow}` to the config file');
  }
  expect(await running(lab)).toBe(former);
  expect(existsSync(planted)).toBe(false);
  for (const command of ['validate', 'lint']) {
    const said = await lab.run([command], { env });
    expect(`${said.stdout}${said.stderr}`).toMatch(/command of a probe|refuses every change with this probe/);
    expect(said.exitCode).toBe(0);
  }
  expect(await reconcile(lab)).toMatchObject({ changed: true, trial: { probes: [{ heldAfter: true }] } });
  expect(statSync(planted).uid).toBeGreaterThan(1_000_000_000);
  // What was confirmed is healed by a host that has stopped to allow them.
  await lab.exec('rm', join(lab.bpffs, 'xdpkeep/interfaces/veth0/link'));
  expect(await lab.run(['reconcile'], { env })).toMatchObject({ exitCode: 0 });
});
