// Hands off: passes look, report and exit 13; nothing is changed until somebody, or the clock, ends it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readJournal } from '../../src/journal/read.js';
import { readStored } from '../../src/journal/suspensions.js';
import { sha256 } from '../../src/disk/sha256.js';
import type { Suspension } from '../../src/model/suspension.js';
import { createLab, type Lab } from '../lab.js';
import { reconcileApart } from '../support/command.js';
import { document, ICMP_DROP, reconcile, status, writeHost } from '../support/host.js';
import { snapshot } from '../support/world.js';

const NATIVE = `mode: native, program: ${ICMP_DROP}`;
const GENERIC = `mode: generic, program: ${ICMP_DROP}`;

const suspend = (lab: Lab, ...args: string[]) =>
  lab.run(['suspend', '--reason', 'the switch', '--for', '2h', ...args]);
const operatorSteps = (lab: Lab) =>
  readJournal(lab.dataDir).records.flatMap(({ step }) => ('interface' in step ? [] : [step]));

it('of everything: drift is reported and left, with who, why and until when; resume ends it', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  await reconcile(lab);
  const env = { SUDO_USER: 'alice' };
  const made = await lab.run(['suspend', '--reason', 'the switch', '--for', '1h30m', '--output', 'json'], {
    env,
  });
  const { suspension } = document<{ suspension: Suspension }>(made, 0);
  expect(suspension).toMatchObject({ reason: 'the switch', by: 'alice (as root)' });
  expect(Date.parse(suspension.until ?? '') - Date.parse(suspension.since)).toBe(5_400_000);

  writeHost(lab, { veth0: GENERIC });
  const before = await snapshot(lab);
  for (const dry of [['--dry-run'], []]) {
    const waiting = await reconcile(lab, 13, ...dry);
    expect(waiting).toMatchObject({ changed: false, suspensions: [suspension] });
    expect(waiting.steps).toMatchObject([{ interface: 'veth0', action: 'update', outcome: 'suspended' }]);
    expect(waiting.interfaces).toMatchObject([{ condition: 'Pending', mode: 'native' }]);
  }
  expect(await snapshot(lab)).toEqual(before);
  expect(await status(lab)).toMatchObject({
    suspensions: [suspension],
    interfaces: [{ condition: 'Pending' }],
  });
  for (const command of ['status', 'reconcile']) {
    expect((await lab.run([command])).stdout).toContain(
      `suspended: everything, until ${suspension.until ?? ''}, by alice (as root) since ${suspension.since} (the switch)`,
    );
  }

  const resumed = await lab.run(['resume']);
  expect(resumed).toMatchObject({ exitCode: 0, stderr: '' });
  expect(resumed.stdout).toContain('ended: suspended: everything');
  expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready', mode: 'generic' }]);
  expect(operatorSteps(lab)).toMatchObject([
    { kind: 'suspend', reason: expect.stringContaining('the switch') as string },
    { kind: 'resume', reason: expect.stringContaining('resumed by hand') as string },
  ]);
});

it('of one interface: the others go on, and in sync it is exit 13 all the same', async () => {
  await using lab = await createLab({ pairs: 2 });
  writeHost(lab, { veth0: NATIVE, veth1: NATIVE });
  await reconcile(lab);
  expect(await suspend(lab, 'veth0')).toMatchObject({ exitCode: 0 });
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false });
  writeHost(lab, { veth0: GENERIC, veth1: GENERIC });
  expect((await reconcile(lab, 13)).interfaces).toMatchObject([
    { name: 'veth0', mode: 'native', condition: 'Pending' },
    { name: 'veth1', mode: 'generic', condition: 'Ready' },
  ]);
  expect((await lab.run(['resume', 'veth1'])).stdout).toContain('nothing was ended');
  expect(await suspend(lab)).toMatchObject({ exitCode: 0 });
  const both = await lab.run(['resume', 'veth0']);
  expect(both).toMatchObject({ exitCode: 13 });
  expect(both.stderr).toContain('still suspended: everything');
  expect(both.stderr).toContain('`xdpkeep resume` ends that');
  expect(await lab.run(['resume'])).toMatchObject({ exitCode: 0 });
  expect((await reconcile(lab)).interfaces).toMatchObject([{ mode: 'generic' }, { mode: 'generic' }]);
});

it('asks for a reason, an end and an interface that is there', async () => {
  await using lab = await createLab();
  for (const [args, says] of [
    [['--for', '2h'], '--reason and --for'],
    [['--reason', 'r'], '--reason and --for'],
    [['--reason', ' ', '--for', '2h'], '--reason and --for'],
    [['--reason', 'r', '--for', '2 hours'], 'is not a time'],
    [['--reason', 'r', '--for', '31d'], 'at most 30 days'],
    [['--reason', 'r', '--for', '2h', 'vteh0'], 'Did you mean veth0?'],
  ] as const) {
    const refused = await lab.run(['suspend', ...args]);
    expect({ args, ...refused }).toMatchObject({ exitCode: 64, stdout: '' });
    expect(refused.stderr).toContain(says);
  }
});

it('ends by itself, which is recorded', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  expect(await lab.run(['suspend', '--reason', 'short', '--for', '1s'])).toMatchObject({ exitCode: 0 });
  await expect.poll(async () => (await lab.run(['reconcile'])).exitCode).toBe(0);
  expect((await lab.netShow()).xdp).toHaveLength(1);
  expect(operatorSteps(lab)).toContainEqual({
    kind: 'resume',
    reason: 'its time is over: everything was suspended (short)',
  });
  expect((await status(lab)).suspensions).toBeUndefined();
});

it('another boot asks the clock of the wall; the boot that made it does not', async () => {
  await using lab = await createLab();
  expect(await suspend(lab)).toMatchObject({ exitCode: 0 });
  const [one] = readStored(lab.dataDir).made;
  const rewrite = (change: object) => {
    const content = { suspensions: [{ ...one, ...change }] };
    const sealed = {
      apiVersion: 'xdpkeep/v1',
      kind: 'Suspensions',
      sha256: sha256(JSON.stringify(content)),
      content,
    };
    writeFileSync(join(lab.dataDir, 'suspend.json'), JSON.stringify(sealed));
  };
  const [past, future] = ['2001-01-01T00:00:00.000Z', '2101-01-01T00:00:00.000Z'];
  const boot = '00000000-0000-0000-0000-000000000000';
  for (const [change, inForce] of [
    [{ until: past }, true],
    [{ until: future, uptime: 0 }, false],
    [{ boot, until: past }, false],
    [{ boot, until: future, uptime: 0 }, true],
  ] as const) {
    rewrite(change);
    expect({ change, inForce: (await status(lab)).suspensions !== undefined }).toEqual({ change, inForce });
  }
});

it('a rollback and detach --all are obeyed all the same', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  await reconcile(lab);
  await suspend(lab);
  expect(await lab.run(['rollback', '0'])).toMatchObject({ exitCode: 0 });
  expect((await lab.netShow()).xdp).toEqual([]);
  expect(await lab.run(['rollback', '1'])).toMatchObject({ exitCode: 0 });
  expect(await lab.run(['detach', '--all', '--reason', 'r'])).toMatchObject({ exitCode: 0 });
  expect((await lab.netShow()).xdp).toEqual([]);
});

const FILES: Record<string, (file: string) => void> = {
  'has a reason in it': (file) => {
    writeFileSync(file, 'incident 12\nmore');
  },
  'is empty': (file) => {
    writeFileSync(file, '');
  },
  'leads nowhere': (file) => {
    symlinkSync('/nowhere', file);
  },
  'is a folder': (file) => {
    mkdirSync(file);
  },
  'is a FIFO': (file) => {
    execFileSync('mkfifo', [file]);
  },
  'has a terabyte of nothing': (file) => {
    writeFileSync(file, 'incident 12\nmore');
    truncateSync(file, 2 ** 40);
  },
};

it.each(Object.keys(FILES))('a file in the data directory that %s suspends, journal or not', async (kind) => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  await reconcile(lab);
  const file = join(lab.dataDir, 'suspend');
  FILES[kind]?.(file);
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep'));
  const waiting = await reconcile(lab, 13);
  expect(waiting.suspensions).toMatchObject([{ file, by: 'uid 0' }]);
  expect(waiting.suspensions?.[0]?.reason).toBe(
    kind.startsWith('has ')
      ? 'incident 12'
      : kind === 'is empty'
        ? 'no reason is given'
        : 'no reason is given: it is not a regular file',
  );
  expect((await lab.netShow()).xdp).toEqual([]);
  const resumed = await lab.run(['resume']);
  expect(resumed).toMatchObject({ exitCode: 13 });
  expect(resumed.stderr).toContain(`\`rm ${file}\` ends that`);
  rmSync(file, { recursive: true });
  expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
});

it('the file in /etc suspends as well', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  const script =
    'mount -t tmpfs none /etc && mkdir /etc/xdpkeep && echo "on fire" > /etc/xdpkeep/suspend && exec "$@"';
  const waiting = await reconcileApart(lab, ['--mount'], script, '--bpffs', lab.bpffs);
  expect(document(waiting, 13)).toMatchObject({
    suspensions: [{ file: '/etc/xdpkeep/suspend', reason: 'on fire' }],
    steps: [{ outcome: 'suspended' }],
  });
  expect((await lab.netShow()).xdp).toEqual([]);
});

it('a damaged suspend.json suspends everything, until resume removes it', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  await suspend(lab, 'veth0');
  const file = join(lab.dataDir, 'suspend.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('the switch', 'a switch'));
  expect((await reconcile(lab, 13)).suspensions).toMatchObject([
    { file, reason: expect.stringContaining('is damaged') as string },
  ]);
  expect((await lab.netShow()).xdp).toEqual([]);
  expect(await lab.run(['resume'])).toMatchObject({ exitCode: 0 });
  expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
});
