// Ways in which state files and interfaces change under `reconcile --watch`: each ends with the kernel running what is
// wanted, after two passes at most, and more only where that takes long. How long it took to get there is printed: a busy
// machine decides, so it is not asserted.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { must } from '../lab/exec.js';
import { hostFile, ICMP_DROP } from '../support/host.js';

const NATIVE = hostFile({ 'veth*': `mode: native, program: ${ICMP_DROP}` });
const GENERIC = hostFile({ 'veth*': `mode: generic, program: ${ICMP_DROP}` });
const within = { interval: 20 };
/** So long nothing may happen before there is a pass; while events never rest there is one every two seconds. */
const [REST, LONGEST] = [200, 2000];

/** A lab under --watch, native on every interface. */
async function watched(lab: Lab) {
  const daemon = lab.start(['reconcile', '--watch'], { env: { XDPKEEP_LOG_LEVEL: 'debug' } });
  let log = '';
  daemon.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const passes = () => log.match(/"causes":.*"msg":"(?!passes succeed)/g)?.length ?? 0;
  const modes = async () => (await lab.netShow()).xdp.map(({ mode }) => mode).join();
  const quiet = async () => {
    for (let last = -1; last !== passes();) {
      last = passes();
      await sleep(700);
    }
    return passes();
  };
  await expect.poll(modes, within).toBe('driver');
  await quiet();
  return {
    /** Makes a change and waits for what it is to lead to. */
    change: async (name: string, make: () => unknown, wanted: string) => {
      const before = passes();
      const started = performance.now();
      const change = make();
      await change;
      const made = performance.now();
      await expect.poll(modes, { ...within, message: `${name}\n${log}` }).toBe(wanted);
      const took = Math.round(performance.now() - made);
      const making = Math.round(made - started);
      const converged = performance.now();
      const count = (await quiet()) - before;
      console.log(`${name}: converged ${took} ms after a change of ${making} ms, passes: ${count}`);
      // Of what another process does, and of what it hears late, the daemon may see a part, rest, and see the next.
      const step = change instanceof Promise ? REST : LONGEST;
      expect(count, log).toBeLessThanOrEqual(2 + Math.floor((converged - started) / step));
    },
    end: async () => {
      daemon.kill('SIGTERM');
      expect(await daemon).toMatchObject({ exitCode: 0 });
      expect(await modes()).not.toBe('');
    },
  };
}

it('files: an atomic rename, a burst, a root that is removed and made again', async () => {
  await using lab = await createLab();
  lab.writeState({ 'hosts/lab.yaml': NATIVE });
  const { change, end } = await watched(lab);
  const host = join(lab.state, 'hosts/lab.yaml');
  await change(
    'atomic rename',
    () => {
      writeFileSync(`${host}.new`, GENERIC);
      renameSync(`${host}.new`, host);
    },
    'generic',
  );
  await change(
    'burst of 1,000 events',
    () => {
      for (let at = 0; at < 999; at++) writeFileSync(join(lab.state, `hosts/other-${at % 50}.txt`), `${at}`);
      lab.writeState({ 'hosts/lab.yaml': NATIVE });
    },
    'driver',
  );
  await change(
    'root removed and recreated',
    () => {
      rmSync(lab.state, { recursive: true });
      lab.writeState({ 'hosts/lab.yaml': GENERIC });
    },
    'generic',
  );
  await change(
    'a write into the new root',
    () => {
      lab.writeState({ 'hosts/lab.yaml': NATIVE });
    },
    'driver',
  );
  await end();
});

it('deployments: a swapped symbolic link, another branch', async () => {
  await using lab = await createLab();
  const release = (name: string, text: string) => {
    const file = join(lab.directory, name, 'hosts/lab.yaml');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const point = (target: string) => {
    symlinkSync(join(lab.directory, target), `${lab.state}.new`);
    renameSync(`${lab.state}.new`, lab.state);
  };
  release('one', NATIVE);
  release('two', GENERIC);
  const git = (...args: string[]) =>
    must('git', [
      '-C',
      join(lab.directory, 'repository'),
      '-c',
      'user.name=t',
      '-c',
      'user.email=t@t',
      ...args,
    ]);
  release('repository', NATIVE);
  await git('init', '-q', '-b', 'native');
  const commit = ['commit', '-q', '-m', 'state', '--no-gpg-sign'];
  await git('add', '.');
  await git(...commit);
  await git('checkout', '-q', '-b', 'generic');
  release('repository', GENERIC);
  await git(...commit, '-a');
  rmSync(lab.state, { recursive: true });
  point('one');

  const { change, end } = await watched(lab);
  await change(
    'symlink swap',
    () => {
      point('two');
    },
    'generic',
  );
  await git('checkout', '-q', 'native');
  await change(
    'symlink swap to a git work tree',
    () => {
      point('repository');
    },
    'driver',
  );
  await change('git checkout of another branch', () => git('checkout', '-q', 'generic'), 'generic');
  await end();
});

it('interfaces: one that appears late, one that is made anew', async () => {
  await using lab = await createLab();
  lab.writeState({ 'hosts/lab.yaml': NATIVE });
  const { change, end } = await watched(lab);
  await change('an interface that appears late', () => lab.addPair(1), 'driver,driver');
  await change(
    'an interface that is made anew',
    async () => {
      await lab.exec('ip', 'link', 'del', 'veth1');
      await lab.addPair(1);
    },
    'driver,driver',
  );
  await end();
});
