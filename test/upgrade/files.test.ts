// Files that were written for the old build: state files with all that it understands, its examples, a config file.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { validateState } from '../../src/desired/load-all.js';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import { must } from '../lab/exec.js';
import { createLab, type Lab } from '../lab.js';
import { madeOnce } from '../lab/made-once.js';
import { hostFile, ICMP_DROP } from '../support/host.js';
import { Repository } from '../support/repository.js';
import { createOldLab, install, LONG } from './installed.js';
import { writeEverything } from './policies.js';

const SAFEGUARDS = `probes:
  - {ping: 10.77.0.2, timeout: 1s, tries: 1}
  - {tcp: "10.77.0.2:22"}
  - {http: "http://10.77.0.2/"}
  - {dns: example.org, server: 10.77.0.2}
  - {exec: [/bin/true]}
guard: {window: 1s, factor: 5, minimum: 10, ignore: [no-ping]}
confirm: 2m
`;

it('a Host file and policies with every field are valid, without a word about any', async () => {
  await using lab = await createLab({ pairs: 2 });
  writeEverything(lab, SAFEGUARDS);
  expect(await lab.run(['validate'])).toMatchObject({ exitCode: 0, stderr: '' });
});

it('its examples are valid', { timeout: LONG }, async () => {
  const tree = await madeOnce('revision.sh');
  await using lab = await createLab();
  const copy = join(lab.directory, 'copy');
  mkdirSync(copy);
  for (const name of ['examples', 'state']) {
    // As a checkout of root has them: what a group may write to is refused.
    await must('cp', ['--recursive', '--no-preserve=mode', join(tree, name), copy]);
  }
  const folders = readdirSync(join(copy, 'examples')).map((name) => join(copy, 'examples', name));
  const states = [...folders, join(copy, 'state')].filter((folder) => existsSync(join(folder, 'hosts')));
  expect(states.length).toBeGreaterThan(5);
  for (const stateDir of states) {
    const { diagnostics } = await validateState({ stateDir, store: new MemoryObjectStore() }, { exec: true });
    expect(
      diagnostics.filter(({ severity }) => severity === 'error'),
      stateDir,
    ).toEqual([]);
  }
});

it('a config file with every field means the same', { timeout: LONG }, async () => {
  await using lab = await createOldLab();
  const config = await writeConfig(lab);
  const env = {
    XDPKEEP_CONFIG: config,
    XDPKEEP_STATE: '',
    XDPKEEP_HOST: '',
    XDPKEEP_BPFFS: '',
    XDPKEEP_DATA_DIR: '',
  };
  const adopted = await lab.run(['sync'], { env });
  expect(adopted.exitCode, adopted.stderr).toBe(0);
  await install(lab, 'new');
  const told = await lab.run(['sync', '--output', 'json'], { env });
  expect(told.exitCode, told.stderr).toBe(0);
  expect(JSON.parse(told.stdout)).toMatchObject({
    host: 'lab',
    source: { ref: 'main', path: 'firewall/state', condition: 'Current' },
  });
  expect((await lab.ping(1)).received).toBe(0);
});

async function writeConfig(lab: Lab): Promise<string> {
  const repository = await Repository.create(lab.directory);
  for (const key of ['ada', 'eve', 'old']) await repository.makeKey(key);
  const state = hostFile({ veth0: `mode: native, program: ${ICMP_DROP}` });
  await repository.commit('drop pings', { 'firewall/state/hosts/lab.yaml': state }, { key: 'ada' });
  mkdirSync(lab.dataDir);
  const config = join(lab.directory, 'config.yaml');
  const lines = [
    'apiVersion: xdpkeep/v1',
    'kind: Config',
    'host: lab',
    `bpffs: ${lab.bpffs}`,
    `dataDir: ${lab.dataDir}`,
    `source: {git: "file://${repository.folder}", ref: main, path: firewall/state}`,
    'verify:',
    `  allowedSigners: ${repository.allow(['ada@example.org', 'ada'], ['eve@example.org', 'eve'])}`,
    `  revoked: ${repository.revoke('old')}`,
    `  allowRewind: ${join(lab.directory, 'rewind')}`,
    '  scopes: [{principal: eve@example.org, paths: ["lists/**"]}]',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  return config;
}
