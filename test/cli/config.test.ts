// The config file among flags, variables and defaults.
// needs: lab
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/program.js';
import { hostFile, stateDir } from '../desired/state-dir.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const run = (...argv: string[]) => runCommandLine(argv, '1.2.3');

test('it stands in for what is not said; a variable and a flag win over it', async () => {
  const good = stateDir({ 'hosts/edge-1.yaml': hostFile('  ens5: {program: {builtin: icmp-drop}}') });
  const bad = stateDir({ 'hosts/edge-1.yaml': hostFile('  ens5: {}') });
  const config = join(stateDir({ 'config.yaml': `state: ${good}\n` }), 'config.yaml');
  const validate = (...argv: string[]) => run('validate', '--config', config, ...argv);
  expect(await validate()).toMatchObject({ exitCode: 0, out: 'valid: 1 host, no errors\n' });
  vi.stubEnv('XDPKEEP_STATE', bad);
  expect(await validate()).toMatchObject({ exitCode: 65 });
  expect(await validate('--state', good)).toMatchObject({ exitCode: 0 });
  vi.stubEnv('XDPKEEP_STATE', '');
  vi.stubEnv('XDPKEEP_CONFIG', config);
  expect(await run('validate')).toMatchObject({ exitCode: 0 });
});

test('with a git source, state files are those that were adopted', async () => {
  const folder = stateDir({ 'config.yaml': '' });
  const config = join(folder, 'config.yaml');
  const { exitCode, err } = await run('validate', '--config', config);
  expect([exitCode, err]).toEqual([65, expect.stringContaining('empty file')]);
  const adopted = stateDir({
    'config.yaml': 'source: {git: /srv/firewall.git, path: fw}\n',
    'source/tree/fw/hosts/edge-1.yaml': hostFile('  ens5: {program: {builtin: icmp-drop}}'),
  });
  const argv = ['validate', '--config', join(adopted, 'config.yaml'), '--data-dir', adopted];
  expect(await run(...argv)).toMatchObject({ exitCode: 0, out: 'valid: 1 host, no errors\n' });
});

test('a named file that is not there is an error, also in JSON', async () => {
  const { exitCode, out } = await run('validate', '--config', '/nowhere/config.yaml', '--output', 'json');
  expect([exitCode, JSON.parse(out)]).toMatchObject([
    65,
    { kind: 'Error', message: '1 error in the config file' },
  ]);
  expect(await run('schema', '--config', '/nowhere/config.yaml')).toMatchObject({ exitCode: 0 });
});

test('its schema is printed', async () => {
  const { out } = await run('schema', 'config');
  expect(JSON.parse(out)).toMatchObject({ title: 'xdpkeep Config' });
});
