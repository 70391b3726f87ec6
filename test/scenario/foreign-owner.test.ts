// Another user prepares what root is to act on: nothing of it is applied, whatever it is that they got at.
import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { finish, within } from '../lab/exec.js';
import { createLab, type Lab } from '../lab.js';
import { Repository } from '../support/repository.js';
import { writePolicy } from '../support/policies.js';

const NOBODY = 65534;
const RULES = [{ name: 'ping', match: { protocol: 'icmp' }, action: 'drop' }];

const HOST = 'apiVersion: xdpkeep/v1\nkind: Host\nname: lab\ninterfaces: {}\n';

async function prepared(): Promise<Lab> {
  const lab = await createLab();
  writePolicy(lab, { rules: RULES });
  return lab;
}

async function refused(lab: Lab, args: string[], path: string): Promise<void> {
  const { exitCode, stderr } = await lab.run(args);
  expect(stderr).toMatch(/belongs to another user|could have been written by another user/);
  expect(stderr).toContain(path);
  expect(stderr).toContain('--allow-foreign-owner');
  expect(exitCode).toBe(77);
  expect((await lab.netShow()).xdp).toEqual([]);
}

it.each(['state', 'state/hosts/lab.yaml', 'state/policies', 'state/policies/edge.yaml', '.'])(
  'state files: %s',
  async (path) => {
    await using lab = await prepared();
    chownSync(join(lab.directory, path), NOBODY, NOBODY);
    await refused(lab, ['reconcile'], join(lab.directory, path));
    chownSync(join(lab.directory, path), 0, 0);
    chmodSync(join(lab.directory, path), 0o777);
    await refused(lab, ['reconcile', '--dry-run'], join(lab.directory, path));
    expect(await lab.run(['reconcile', '--allow-foreign-owner'])).toMatchObject({ exitCode: 0 });
    expect((await lab.ping(1)).received).toBe(0);
  },
);

it('a list, an object, a source, and a header beside it', async () => {
  await using lab = await createLab();
  const source =
    '#include "own.h"\n#include <linux/bpf.h>\n__attribute__((section("xdp"))) int own(struct xdp_md *c) { return DROP; }\n__attribute__((section("license"))) char l[] = "GPL";\n';
  writePolicy(lab, { rules: [{ name: 'bad', match: { source: { list: 'bad' } }, action: 'drop' }] });
  for (const [path, text] of Object.entries({
    'lists/bad.txt': '192.0.2.1\n',
    'programs/own.h': '#define DROP 1\n',
    'programs/own.bpf.c': source,
  })) {
    mkdirSync(dirname(join(lab.state, path)), { recursive: true });
    writeFileSync(join(lab.state, path), text);
  }
  chownSync(join(lab.state, 'lists/bad.txt'), NOBODY, NOBODY);
  await refused(lab, ['reconcile'], 'lists/bad.txt');
  writeFileSync(
    join(lab.state, 'hosts/lab.yaml'),
    'apiVersion: xdpkeep/v1\nkind: Host\nname: lab\ninterfaces: {veth0: {program: {file: programs/own.bpf.c, function: own}}}\n',
  );
  for (const path of ['programs/own.bpf.c', 'programs/own.h']) {
    chownSync(join(lab.state, path), NOBODY, NOBODY);
    await refused(lab, ['reconcile'], path);
    chownSync(join(lab.state, path), 0, 0);
  }
  expect(await lab.run(['reconcile'])).toMatchObject({ exitCode: 0 });
});

it('./state of the working directory', async () => {
  await using lab = await prepared();
  const theirs = join(lab.directory, 'theirs');
  mkdirSync(theirs);
  renameSync(lab.state, join(theirs, 'state'));
  chownSync(theirs, NOBODY, NOBODY);
  const where = ['--host', 'lab', '--bpffs', lab.bpffs, '--data-dir', lab.dataDir];
  const command = [process.execPath, resolve('dist/xdpkeep.js'), 'reconcile', ...where];
  const ran = await finish(...within(lab.network.firewall, command), { cwd: theirs });
  expect(ran).toMatchObject({ exitCode: 77, stdout: '' });
  expect(ran.stderr).toContain(`${theirs} belongs to another user (uid ${NOBODY})`);
  expect((await lab.netShow()).xdp).toEqual([]);
});

it('a plan', async () => {
  await using lab = await prepared();
  const plan = join(lab.directory, 'plan');
  expect(await lab.run(['plan', '--out', plan])).toMatchObject({ exitCode: 0 });
  chownSync(plan, NOBODY, NOBODY);
  await refused(lab, ['apply', plan], plan);
  expect(await lab.run(['apply', plan, '--allow-foreign-owner'])).toMatchObject({ exitCode: 0 });
});

it('the config file, and the data directory that it names', async () => {
  await using lab = await prepared();
  const config = join(lab.directory, 'config.yaml');
  writeFileSync(config, 'host: lab\n');
  chmodSync(config, 0o666);
  await refused(lab, ['reconcile', '--config', config], config);
  chmodSync(config, 0o644);
  mkdirSync(lab.dataDir, { mode: 0o755 });
  chownSync(lab.dataDir, NOBODY, NOBODY);
  await refused(lab, ['reconcile', '--config', config], lab.dataDir);
});

it('one file of a data directory that others can enter', async () => {
  await using lab = await prepared();
  expect(await lab.run(['reconcile'])).toMatchObject({ exitCode: 0 });
  const journal = join(lab.dataDir, 'journal.ndjson');
  chownSync(journal, NOBODY, NOBODY);
  expect(await lab.run(['status'])).toMatchObject({ exitCode: 0 }); // nobody else gets to it
  chmodSync(lab.dataDir, 0o755);
  expect(await lab.run(['status'])).toMatchObject({
    exitCode: 77,
    stderr: expect.stringContaining(journal) as string,
  });
  expect(await lab.run(['status', '--allow-foreign-owner'])).toMatchObject({ exitCode: 0 });
});

it('a folder for pins that lay there before', async () => {
  await using lab = await prepared();
  const pins = join(lab.bpffs, 'xdpkeep');
  mkdirSync(pins); // whoever mounts a bpffs without a mode lets everybody do that
  chownSync(pins, NOBODY, NOBODY);
  await refused(lab, ['reconcile'], pins);
  expect(readdirSync(pins)).toEqual([]);
});

it('keys that say whose commits count', async () => {
  await using lab = await prepared();
  const repository = await Repository.create(lab.directory);
  await repository.makeKey('ada');
  await repository.commit('first', { 'state/hosts/lab.yaml': HOST }, { key: 'ada' });
  const keys = repository.allow(['ada@example.org', 'ada']);
  chownSync(keys, NOBODY, NOBODY);
  const config = join(lab.directory, 'config.yaml');
  writeFileSync(
    config,
    `host: lab\nsource: {git: ${repository.folder}}\nverify: {allowedSigners: ${keys}}\n`,
  );
  await refused(lab, ['sync', '--config', config], keys);
  chownSync(keys, 0, 0);
  expect(await lab.run(['sync', '--config', config])).toMatchObject({ exitCode: 0 });
});
