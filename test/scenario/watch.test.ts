// Running by itself: files, the clock, SIGHUP; one run at a time; what is attached stays attached.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { finish, within as inNamespace } from '../lab/exec.js';
import { hostFile, ICMP_DROP, writeHost } from '../support/host.js';

const NATIVE = { veth0: `mode: native, program: ${ICMP_DROP}` };
const GENERIC = { veth0: `mode: generic, program: ${ICMP_DROP}` };

const modes = async (lab: Lab) => (await lab.netShow()).xdp.map(({ mode }) => mode);
const journal = (lab: Lab) => {
  const file = join(lab.dataDir, 'journal.ndjson');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};
const within = { interval: 200 };

it('--watch follows the state directory: writes, renames, a burst, a replaced directory, an error', async () => {
  await using lab = await createLab();
  writeHost(lab, NATIVE);
  const daemon = lab.start(['reconcile', '--watch', '--output', 'json']);
  let log = '';
  daemon.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await expect.poll(() => modes(lab), within).toEqual(['driver']);

  writeHost(lab, GENERIC);
  await expect.poll(() => modes(lab), within).toEqual(['generic']);

  writeFileSync(join(lab.state, 'hosts/.new'), hostFile(NATIVE));
  renameSync(join(lab.state, 'hosts/.new'), join(lab.state, 'hosts/lab.yaml'));
  await expect.poll(() => modes(lab), within).toEqual(['driver']);

  lab.writeState({ 'hosts/lab.yaml': hostFile({ veth0: 'program: {file: programs/a.bpf.c}' }) });
  await expect.poll(() => log, within).toContain('cannot read file');
  lab.writeState({ 'programs/a.bpf.c': 'not C' });
  await expect.poll(() => log, within).toMatch(/"log":"programs\/a\.bpf\.c:1:1: error:/);
  expect(await modes(lab)).toEqual(['driver']);

  // The whole directory is replaced, as `git worktree` or a package would.
  const next = `${lab.state}.next`;
  renameSync(lab.state, `${lab.state}.old`);
  lab.writeState({ 'hosts/lab.yaml': hostFile(GENERIC) });
  renameSync(lab.state, next);
  renameSync(next, lab.state);
  rmSync(`${lab.state}.old`, { recursive: true });
  await expect.poll(() => modes(lab), within).toEqual(['generic']);

  for (let at = 0; at < 200; at++)
    lab.writeState({ 'hosts/lab.yaml': hostFile(at === 199 ? NATIVE : GENERIC) });
  await expect.poll(() => modes(lab), within).toEqual(['driver']);
  writeHost(lab, GENERIC);
  await expect.poll(() => modes(lab), within).toEqual(['generic']);

  daemon.kill('SIGTERM');
  const { exitCode, stdout } = await daemon;
  expect(exitCode).toBe(0);
  expect(await modes(lab)).toEqual(['generic']);
  const [version, ...documents] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(version).toEqual({ apiVersion: 'xdpkeep/v1', kind: 'Stream' });
  expect(documents.every(({ kind }) => kind === 'Reconciliation')).toBe(true);
  expect(documents.filter(({ changed }) => changed)).toHaveLength(6);
});

it('--schedule heals drift at its time, SIGHUP at once', async () => {
  await using lab = await createLab();
  writeHost(lab, NATIVE);
  const daemon = lab.start(['reconcile', '--schedule', '*/2 * * * * *']);
  await expect.poll(() => journal(lab), within).toContain('"done"');
  await lab.exec('rm', join(lab.bpffs, 'xdpkeep/interfaces/veth0/link'));
  await expect.poll(() => modes(lab), within).toEqual([]);
  await expect.poll(() => modes(lab), within).toEqual(['driver']);
  daemon.kill('SIGTERM');
  expect(await daemon).toMatchObject({ exitCode: 0 });

  const slow = lab.start(['reconcile', '--schedule', '0 0 1 1 *'], { env: { XDPKEEP_LOG_LEVEL: 'debug' } });
  let log = '';
  slow.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await expect.poll(() => log, within).toContain('"reconciled"'); // its first pass is over
  writeHost(lab, GENERIC);
  await new Promise((resolve) => setTimeout(resolve, 1000)); // nobody tells it
  expect(await modes(lab)).toEqual(['driver']);
  slow.kill('SIGHUP');
  await expect.poll(() => modes(lab), within).toEqual(['generic']);
  slow.kill('SIGTERM');
  expect(await slow).toMatchObject({ exitCode: 0 });
});

it('refuses what it cannot do', async () => {
  await using lab = await createLab();
  writeHost(lab, NATIVE);
  const level = { env: { XDPKEEP_LOG_LEVEL: 'bogus' } };
  expect(await lab.run(['reconcile', '--watch'], level)).toMatchObject({ exitCode: 64, stdout: '' });
  expect(await lab.run(['reconcile', '--schedule', 'every day'])).toMatchObject({ exitCode: 64 });
  expect(await lab.run(['reconcile', '--watch', '--dry-run'])).toMatchObject({ exitCode: 64 });
});

it('ends quietly when nobody reads its stream any more', async () => {
  await using lab = await createLab();
  writeHost(lab, NATIVE);
  const command = `${process.execPath} dist/xdpkeep.js reconcile --watch --output json | head -n 1`;
  const { exitCode, stdout, stderr } = await finish(
    ...inNamespace(lab.network.firewall, ['bash', '-o', 'pipefail', '-c', command]),
    {
      env: {
        XDPKEEP_STATE: lab.state,
        XDPKEEP_BPFFS: lab.bpffs,
        XDPKEEP_DATA_DIR: lab.dataDir,
        XDPKEEP_HOST: 'lab',
      },
    },
  );
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: '{"apiVersion":"xdpkeep/v1","kind":"Stream"}',
  });
  expect(stderr).toContain('the reader left');
  expect(stderr).not.toContain('EPIPE');
  expect(await modes(lab)).toEqual(['driver']);
});
