// The starter is valid as it is written, and stays valid when its examples are taken out of their comments.
// needs: lab
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runInit } from '../../src/cli/init.js';
import { runSchema } from '../../src/cli/schema.js';
import { runValidate } from '../../src/cli/validate.js';
import { scratch } from '../desired/state-dir.js';

const validate = (state: string) => runValidate({ state, output: 'text', color: false });

test('the starter is valid, and so are its examples', async () => {
  const state = join(scratch(), 'state');
  expect(runInit(state, { host: 'edge-1' }).exitCode).toBe(0);
  const valid = (count: number) => ({
    exitCode: 0,
    out: `list blocked: ${count} entries -> ${count} ranges\nvalid: 1 host, 1 policy, 1 list, no errors\n`,
  });
  expect(await validate(state)).toEqual(valid(0));
  uncomment(join(state, 'hosts/edge-1.yaml'), 'interfaces: {}');
  uncomment(join(state, 'policies/edge.yaml'), 'rules: []');
  uncomment(join(state, 'lists/blocked.txt'), '# One address or network a line, IPv4 and IPv6 mixed.');
  expect(readFileSync(join(state, 'policies/edge.yaml'), 'utf8')).toContain('\n  - name: no-ping\n');
  expect(await validate(state)).toEqual(valid(2));
});

/** Takes away the line, and the "# " of all behind it. */
function uncomment(path: string, line: string): void {
  const [before = '', after = ''] = readFileSync(path, 'utf8').split(`${line}\n`);
  writeFileSync(path, before + after.replace(/^# /gm, ''));
}

test('nothing is overwritten', () => {
  const state = scratch();
  runInit(state, { host: 'a' });
  expect(() => runInit(state, { host: 'b' })).toThrow(/has README\.md, .*policies\/edge\.yaml/);
});

test('every kind has its schema', () => {
  const { schema } = { schema: JSON.parse(runSchema('policy').out) as { title: string } };
  expect(schema.title).toBe('xdpkeep Policy');
  expect(runSchema().out).toBe(runSchema('host').out);
  expect(() => runSchema('polcy')).toThrow('there is no schema "polcy"');
});
