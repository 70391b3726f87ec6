// What a host's files were resolved to is believed while nothing that it was made of has changed, and never otherwise.
// needs: lab
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadHost } from '../../src/desired/load.js';
import { validateState } from '../../src/desired/load-all.js';
import { DiskObjectStore } from '../../src/disk/object-store.js';
import { sha256 } from '../../src/disk/sha256.js';
import { matchesOf } from '../../src/model/desired.js';
import { hostFile, policyFile, scratch, source, stateDir, write } from './state-dir.js';

const LIST = Array.from({ length: 100 }, (_, at) => `10.0.${at}.1`).join('\n');
const FILES = {
  'hosts/edge-1.yaml': `${hostFile(
    '  a: {policy: edge}',
    '  b: {policy: edge, mode: native}',
    '  c: {program: {builtin: icmp-drop}}',
    '  d: {program: {file: programs/own.bpf.c}}',
  )}protect:\n- {protocol: tcp, source: {list: few}}\nprobes: [{tcp: "10.0.0.1:22"}]\nconfirm: 2m\n`,
  'policies/edge.yaml': policyFile(
    'rules:',
    '- {name: many, match: {source: {list: many}, destination: [192.0.2.0/24, "2001:db8::/32"]}, action: drop}',
    '- {name: until, match: {}, action: pass, until: 2030-01-01T00:00:00Z}',
    'lists: {many: {skipBad: true, maxShrink: 50%}}',
    'tests: [{name: t, packet: {}, expect: pass}]',
  ),
  'lists/many.txt': `${LIST}\nx\n`,
  'lists/few.txt': '10.0.0.0/8\n',
  'programs/own.bpf.c': source('fw', 'VERDICT', '#include "own.h"'),
  'programs/own.h': '#define VERDICT XDP_PASS\n',
};

/** State files that were read, and remembered, by an earlier process. */
async function made() {
  const [folder, dataDir] = [stateDir(FILES), scratch()];
  const load = () => loadHost({ stateDir: folder, host: 'edge-1', store: new DiskObjectStore(dataDir) });
  const states = join(dataDir, 'objects/states');
  const first = await load();
  first.remember?.();
  const memory = () => join(states, readdirSync(states)[0] ?? '');
  return { folder, dataDir, load, first, memory };
}

/** All of it, the content of its sets included. */
function whole({ desired, safeguards, warnings }: Awaited<ReturnType<typeof loadHost>>) {
  const contents = desired.interfaces.flatMap(({ program }) =>
    matchesOf(program.firewall).flatMap(({ source, destination }) => [
      source?.content(),
      destination?.content(),
    ]),
  );
  const lists = desired.lists?.map(({ set }) => set.content());
  return { desired: JSON.parse(JSON.stringify(desired)) as unknown, safeguards, warnings, contents, lists };
}

test('the same files are the same state, and are not parsed', async () => {
  const { load, first } = await made();
  const second = await load();
  expect(second.remember).toBeUndefined();
  expect(whole(second)).toEqual(whole(first));
  expect(second.warnings).toMatchObject([{ summary: 'bad lines skipped' }]);
  const [a, b] = second.desired.interfaces;
  expect(a?.program.firewall).toBe(b?.program.firewall);
});

test.each<[string, Record<string, string>]>([
  ['the Host file', { 'hosts/edge-1.yaml': FILES['hosts/edge-1.yaml'].replace('2m', '3m') }],
  ['a comment', { 'policies/edge.yaml': `# more\n${FILES['policies/edge.yaml']}` }],
  ['a rule', { 'policies/edge.yaml': FILES['policies/edge.yaml'].replace('/24', '/25') }],
  ['a list', { 'lists/many.txt': `${LIST}\ny\n` }],
  ['a list of `protect`', { 'lists/few.txt': '11.0.0.0/8\n' }],
  ['a program', { 'programs/own.bpf.c': source('fw', 'XDP_DROP') }],
  ['a header', { 'programs/own.h': '#define VERDICT XDP_DROP\n' }],
])('after a change of %s the files are parsed', async (_what, change) => {
  const { folder, load, first } = await made();
  write(folder, change);
  const second = await load();
  expect(second.remember).toBeDefined();
  expect(whole(second)).not.toEqual(whole(first));
  second.remember?.();
  const third = await load();
  expect(third.remember).toBeUndefined();
  expect(whole(third)).toEqual(whole(second));
});

test('what is wrong by now is said: a second file of a list, a file that is gone', async () => {
  const { folder, load } = await made();
  write(folder, { 'lists/many.csv': '10.0.0.1\n' });
  await expect(load()).rejects.toThrow('1 error in the state files');
  rmSync(join(folder, 'lists/many.csv'));
  expect((await load()).remember).toBeUndefined();
  rmSync(join(folder, 'lists/many.txt'));
  await expect(load()).rejects.toThrow('in the state files');
});

test.each<[string, (memory: string, dataDir: string) => void]>([
  [
    'a memory that is gone',
    (memory) => {
      rmSync(memory);
    },
  ],
  [
    'an empty memory',
    (memory) => {
      writeFileSync(memory, '');
    },
  ],
  [
    'a memory that was cut off',
    (memory) => {
      writeFileSync(memory, readFileSync(memory).subarray(0, -9));
    },
  ],
  [
    'a damaged memory',
    (memory) => {
      writeFileSync(memory, readFileSync(memory, 'utf8').replace('many', 'mani'));
    },
  ],
  [
    'the memory of another build',
    (memory) => {
      forge(memory, '"build":"source"', '"build":"other"');
    },
  ],
  [
    'a large set that is gone',
    (_memory, dataDir) => {
      rmSync(setFile(dataDir));
    },
  ],
  [
    'a damaged large set',
    (_memory, dataDir) => {
      writeFileSync(setFile(dataDir), 'x');
    },
  ],
])('nothing depends on %s', async (_what, spoil) => {
  const { dataDir, load, first, memory } = await made();
  spoil(memory(), dataDir);
  const second = await load();
  expect(second.remember).toBeDefined();
  expect(whole(second)).toEqual(whole(first));
  second.remember?.();
  expect((await load()).remember).toBeUndefined();
});

test('`validate` believes no memory', async () => {
  const { folder, dataDir, load, memory } = await made();
  forge(memory(), 'bad lines skipped', 'never said');
  expect((await load()).warnings).toMatchObject([{ summary: 'never said' }]);
  const { diagnostics } = await validateState(
    { stateDir: folder, store: new DiskObjectStore(dataDir) },
    { exec: true },
  );
  expect(diagnostics).toMatchObject([{ summary: 'bad lines skipped' }]);
});

/** What nobody but the next pass would notice: the seal fits. */
function forge(memory: string, from: string, to: string): void {
  const [, text = ''] = readFileSync(memory, 'utf8').split('\n');
  const forged = text.replace(from, to);
  expect(forged).not.toBe(text);
  writeFileSync(memory, `${sha256(forged)}\n${forged}`);
}

function setFile(dataDir: string): string {
  const objects = join(dataDir, 'objects');
  return join(objects, readdirSync(objects).find((name) => name.endsWith('.set')) ?? '');
}
