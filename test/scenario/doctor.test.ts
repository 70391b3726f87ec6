// What the doctor finds: on a sound host, without rights, and for each thing that is wrong.
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkMachine } from '../../src/doctor/machine.js';
import type { Check, Doctor } from '../../src/model/doctor.js';
import { createLab, type Lab } from '../lab.js';
import { finish, must, within } from '../lab/exec.js';
import { document, ICMP_DROP, reconcile, writeHost } from '../support/host.js';
import { stopAt } from '../support/stopped.js';
import { decided } from '../support/trials.js';
import { snapshot } from '../support/world.js';

const NATIVE = `mode: native, program: ${ICMP_DROP}`;

async function examine(
  lab: Lab,
  exitCode: number,
  env: Record<string, string> = {},
): Promise<Map<string, Check>> {
  const doctor = document<Doctor>(await lab.run(['doctor', '--output', 'json'], { env }), exitCode);
  expect(doctor).toMatchObject({ apiVersion: 'xdpkeep/v1', kind: 'Doctor', host: 'lab' });
  for (const { status, help } of doctor.checks) expect(status === 'ok' || help !== undefined).toBe(true);
  return new Map(doctor.checks.map((check) => [check.name, check]));
}

it('a sound host: everything is ok, nothing is changed', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  await reconcile(lab);
  const before = await snapshot(lab);
  const checks = await examine(lab, 0);
  expect([...checks.values()].filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(checks.get('veth0')?.found).toMatch(
    /^ifindex \d+ \(driver veth, MTU 1500, .*\); native XDP: yes; XDP program: \d+ \(icmp_drop, native, ours\)$/,
  );
  const { stdout } = await lab.run(['doctor']);
  expect(stdout).toMatch(/^ok +capabilities +all that are needed$/m);
  expect(stdout).toMatch(/\n\d+ ok, 0 warnings, 0 failures, 0 could not be seen$/);
  expect(await snapshot(lab)).toEqual(before);
});

it('without rights: what can be seen is said, the rest is unknown, exit 77', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  await reconcile(lab);
  chmodSync(lab.directory, 0o755);
  cpSync('dist', join(lab.directory, 'dist'), { recursive: true });
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const command = [join(lab.directory, 'dist/xdpkeep.js'), 'doctor', '--output', 'json', '--host', 'lab'];
  const where = ['--state', lab.state, '--data-dir', lab.dataDir, '--bpffs', lab.bpffs];
  const ran = await finish(...within(lab.network.firewall, [...nobody, ...command, ...where]), { cwd: '/' });
  const { checks, counts } = document<Doctor>(ran, 77);
  const statuses = Object.fromEntries(checks.map(({ name, status }) => [name, status]));
  expect(counts.failure).toBe(1);
  expect(statuses).toMatchObject({
    capabilities: 'failure',
    kernel: 'unknown',
    bpftool: 'ok',
    'data directory': 'unknown',
    journal: 'unknown',
    'state files': 'ok',
    'attached programs': 'unknown',
    veth0: 'unknown',
  });
  expect(checks.find(({ name }) => name === 'veth0')?.found).toContain('driver veth');
});

describe('what is wrong', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab({ pairs: 3 });
    writeHost(lab, { veth0: NATIVE });
    await reconcile(lab);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it('on the interfaces: a stranger, no driver for it, a large MTU, a name that is not there', async () => {
    await lab.attachForeign('veth1', 'xdpgeneric');
    await lab.exec('ip', 'link', 'add', 'plain', 'type', 'bridge');
    writeHost(lab, { veth0: NATIVE, veth1: NATIVE, plain: NATIVE, gone0: NATIVE });
    const checks = await examine(lab, 78);
    expect(checks.get('veth1')).toMatchObject({
      status: 'warning',
      help: expect.stringContaining('foreign: replace') as string,
    });
    expect(checks.get('veth1')?.found).toMatch(/XDP program: \d+ \(icmp_drop, generic, foreign\)/);
    expect(checks.get('plain')).toMatchObject({
      status: 'failure',
      found: expect.stringContaining('native XDP: no') as string,
    });
    expect(checks.get('gone0')).toMatchObject({ status: 'warning', found: 'there is no such interface' });
    writeHost(lab, { veth0: NATIVE, plain: `program: ${ICMP_DROP}` });
    expect((await examine(lab, 0)).get('plain')).toMatchObject({ status: 'warning' });
    writeHost(lab, { veth0: NATIVE });
  });

  it('with the tools', async () => {
    const absent = await examine(lab, 78, { XDPKEEP_BPFTOOL: join(lab.directory, 'bpftool') });
    expect(absent.get('bpftool')).toMatchObject({
      status: 'failure',
      found: expect.stringContaining('did not start') as string,
    });
    expect(absent.get('journal')?.status).toBe('ok');
  });

  it('with policies: the kernel refuses their program', async () => {
    const dist = join(lab.directory, 'dist');
    cpSync('dist', dist, { recursive: true });
    const object = join(dist, 'bpf/firewall.bpf.o');
    const bytes = readFileSync(object);
    const exit = Buffer.from([0x95, 0, 0, 0, 0, 0, 0, 0]); // BPF_EXIT | BPF_JMP
    for (let at = bytes.indexOf(exit); at >= 0; at = bytes.indexOf(exit, at + 8)) bytes[at] = 0xf5; // no opcode
    writeFileSync(object, bytes);
    const where = ['--state', lab.state, '--data-dir', lab.dataDir, '--bpffs', lab.bpffs, '--host', 'lab'];
    const command = [process.execPath, join(dist, 'xdpkeep.js'), 'doctor', '--output', 'json', ...where];
    const { checks } = document<Doctor>(await finish(...within(lab.network.firewall, command)), 78);
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([
      {
        name: 'policies',
        status: 'failure',
        found: expect.stringMatching(/^Linux \S+ does not load one: /) as string,
        help: expect.stringContaining('newer kernel') as string,
      },
    ]);
  });

  it('with the places', async () => {
    const plain = join(lab.directory, 'plain');
    mkdirSync(plain);
    chmodSync(plain, 0o777);
    const open = await examine(lab, 78, { XDPKEEP_BPFFS: plain, XDPKEEP_DATA_DIR: plain });
    expect(open.get('bpffs')).toMatchObject({
      status: 'failure',
      help: expect.stringContaining('mount -t bpf') as string,
    });
    expect(open.get('data directory')).toMatchObject({ status: 'failure', help: `chmod 0700 ${plain}` });
    await must('mount', ['-t', 'tmpfs', '-o', 'size=512k,mode=0700', 'none', plain]);
    try {
      expect((await examine(lab, 78, { XDPKEEP_DATA_DIR: plain })).get('disk space')).toMatchObject({
        status: 'failure',
        found: '0 MiB free',
      });
      await must('mount', ['-o', 'remount,ro', plain]);
      expect((await examine(lab, 78, { XDPKEEP_DATA_DIR: plain })).get('data directory')).toMatchObject({
        status: 'failure',
        found: expect.stringContaining('read-only') as string,
      });
    } finally {
      await must('umount', [plain]);
    }
  });

  it('with the state files', async () => {
    lab.writeState({ 'hosts/lab.yaml': 'nonsense' });
    expect((await examine(lab, 78)).get('state files')).toMatchObject({
      status: 'failure',
      help: 'Run `xdpkeep validate`: it says where and why.',
    });
    writeHost(lab, { veth0: NATIVE });
  });

  it('with what waits: a hold, a suspension, an interrupted run, damage', async () => {
    expect(await lab.run(['suspend', '--reason', 'r', '--for', '1h'])).toMatchObject({ exitCode: 0 });
    expect(await lab.run(['rollback', '0'])).toMatchObject({ exitCode: 0 });
    const waiting = await examine(lab, 0);
    expect(waiting.get('hold')).toMatchObject({ status: 'warning' });
    expect(waiting.get('suspension')).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/^everything, until .*\(r\)$/) as string,
    });
    expect(await lab.run(['resume'])).toMatchObject({ exitCode: 0 });
    expect(await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: 'link:before' } })).toMatchObject({
      signal: 'SIGKILL',
    });
    expect((await examine(lab, 0)).get('journal')).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('1 changes were begun and not concluded') as string,
    });
    await reconcile(lab);
    const journal = join(lab.dataDir, 'journal.ndjson');
    const sound = readFileSync(journal, 'utf8');
    writeFileSync(journal, sound.replace('not attached', 'attached'));
    expect((await examine(lab, 78)).get('journal')).toMatchObject({
      status: 'failure',
      help: 'Run `xdpkeep journal repair`.',
    });
    writeFileSync(journal, sound);
  });

  it('with what is at work: a run that has the lock, a change on trial', async () => {
    writeHost(lab, { veth0: NATIVE, veth2: NATIVE });
    const run = await stopAt(lab, 'link:before', {}, ['--confirm-within', '1h']);
    const busy = await examine(lab, 0);
    expect(busy.get('lock')?.found).toBe(`process ${run.pid} is at work`);
    expect(busy.get('trial')).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('is being tried') as string,
    });
    expect(await run.resume()).toMatchObject({ exitCode: 0 });
    const waiting = await examine(lab, 0);
    expect(waiting.get('lock')).toMatchObject({ status: 'ok', found: 'free' });
    expect(waiting.get('trial')).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('waits for its confirmation') as string,
      help: 'Run `xdpkeep confirm`, or `xdpkeep cancel`.',
    });
    expect(await lab.run(['confirm'])).toMatchObject({ exitCode: 0 });
    await decided(lab);
    writeHost(lab, { veth0: NATIVE });
    await reconcile(lab);
  });

  it('with the clock', async () => {
    const [early, sound] = await Promise.all(
      [new Date(Date.now() + 3_600_000), new Date()].map(async (last) =>
        (await checkMachine(lab.state, last)).find(({ name }) => name === 'clock'),
      ),
    );
    expect(early).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('before the journal') as string,
    });
    expect(sound).toMatchObject({ status: 'ok' });
  });
});
