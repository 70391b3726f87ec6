// needs: lab
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runInit } from '../../src/cli/init.js';
import { runSchema } from '../../src/cli/schema.js';
import { runValidate } from '../../src/cli/validate.js';
import { scratch, write } from '../desired/state-dir.js';

const valid = (state: string) => runValidate({ state, output: 'text', color: false });
const VALID = {
  exitCode: 0,
  out: 'list blocked: 0 entries -> 0 ranges\nvalid: 1 host, 1 policy, 1 list, no errors\n',
};

test('what init writes is valid and wants nothing', async () => {
  const folder = join(scratch(), 'new', 'state');
  const { exitCode, out } = runInit(folder, { host: 'edge-1' });
  expect(exitCode).toBe(0);
  const files = ['README.md', 'hosts/edge-1.yaml', 'programs/pass.bpf.c', 'schema/host.schema.json'];
  for (const file of files) expect(out).toContain(join(folder, file));
  expect(await valid(folder)).toEqual(VALID);
  expect(readFileSync(join(folder, 'hosts/edge-1.yaml'), 'utf8')).toContain('\ninterfaces: {}\n');
});

test('the commented examples are valid as well', async () => {
  const folder = scratch();
  runInit(folder, { host: 'edge-1' });
  const file = join(folder, 'hosts/edge-1.yaml');
  const text = readFileSync(file, 'utf8').replace('\ninterfaces: {}\n', '\n');
  const [head = '', examples = ''] = text.split('# interfaces:');
  expect(examples).toContain('builtin: icmp-drop');
  writeFileSync(file, `${head}interfaces:${examples.replaceAll('\n# ', '\n')}`);
  expect(await valid(folder)).toEqual(VALID);
});

test('the schema that the host file names is there, and is the one that `schema` prints', () => {
  const folder = scratch();
  runInit(folder, { host: 'edge-1' });
  const [line = ''] = readFileSync(join(folder, 'hosts/edge-1.yaml'), 'utf8').split('\n');
  const path = /\$schema=(\S+)/.exec(line)?.[1] ?? '';
  const schema = readFileSync(resolve(folder, 'hosts', path), 'utf8');
  expect(runSchema()).toEqual({ exitCode: 0, out: schema });
  expect(runSchema('host')).toEqual(runSchema());
});

test('nothing is overwritten', () => {
  const folder = scratch();
  write(folder, { 'README.md': 'mine' });
  expect(() => runInit(folder, { host: 'edge-1' })).toThrow(
    expect.objectContaining({ name: 'UsageError', message: `${folder} has README.md already` }),
  );
  expect(readdirSync(folder)).toEqual(['README.md']);
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe('mine');
});

test.each(['', '../edge', 'a/b', 'edge 1', '.hidden'])('a host cannot be called %j', (host) => {
  expect(() => runInit(scratch(), { host })).toThrow(expect.objectContaining({ exitCode: 64 }));
});

test('a place that cannot be written is an error that says so', () => {
  expect(() => runInit('/proc/xdpkeep', { host: 'a' })).toThrow(expect.objectContaining({ exitCode: 64 }));
  const folder = scratch();
  write(folder, { file: '' });
  expect(() => runInit(join(folder, 'file'), { host: 'a' })).toThrow(
    expect.objectContaining({ exitCode: 64 }),
  );
});

test('a schema of no kind that there is', () => {
  expect(() => runSchema('hots')).toThrow(
    expect.objectContaining({ exitCode: 64, hint: 'Did you mean host?' }),
  );
  expect(() => runSchema('firewall')).toThrow(
    expect.objectContaining({
      hint: 'Ask for one of: host, policy, rulegroup, service, network, config, repository.',
    }),
  );
});
