// One signature, one spelling: what else says the same is refused, and what cannot be told apart is taken for what it is.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { oddityOf } from '../../src/source/armour.js';
import { scratch } from '../desired/state-dir.js';
import { SignedWorld } from '../support/signed-world.js';

function signature(type: string): string {
  const folder = scratch();
  writeFileSync(join(folder, 'text'), 'text');
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(folder, 'key')]);
  execFileSync('ssh-keygen', [
    '-q',
    '-Y',
    'sign',
    '-n',
    'git',
    '-f',
    join(folder, 'key'),
    join(folder, 'text'),
  ]);
  return readFileSync(join(folder, 'text.sig'), 'utf8').trimEnd();
}

function rewrite(armoured: string, change: (blob: Buffer) => Buffer): string {
  const lines = armoured.split('\n');
  const blob = change(Buffer.from(lines.slice(1, -1).join(''), 'base64')).toString('base64');
  return [lines[0], ...(blob.match(/.{1,70}/g) ?? []), lines.at(-1)].join('\n');
}

test.each(['ed25519', 'ecdsa', 'rsa'])('what ssh-keygen writes is as it should be: %s', (type) => {
  for (let one = 0; one < 5; one++) expect(oddityOf(signature(type))).toBeUndefined();
});

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

test.each<[what: string, change: (text: string) => string]>([
  ['two lines joined', (text) => text.replace(/(.{70})\n(.)/, '$1$2')],
  ['lines of 64', (text) => text.replace(/(.{64})(.{6})\n/, '$1\n$2')],
  ['spaces', (text) => text.replace('\n', ' \n')],
  ['a line break more', (text) => `${text}\n`],
  ['other characters of the same bits', (text) => text.replace(/([A-Za-z0-9+/])=\n/, '_=\n')],
  ['something behind it', (text) => rewrite(text, (blob) => Buffer.concat([blob, Buffer.from([0])]))],
  ['nothing in it', (text) => rewrite(text, () => Buffer.alloc(0))],
  ['half of it', (text) => rewrite(text, (blob) => blob.subarray(0, blob.length / 2))],
  [
    'something in what is reserved',
    (text) =>
      rewrite(text, (blob) => {
        const at = blob.indexOf('\0\0\0\x03git') + 7;
        return Buffer.concat([blob.subarray(0, at), Buffer.from('\0\0\0\x01x'), blob.subarray(at + 4)]);
      }),
  ],
  [
    'the same number, and the order of the group',
    (text) =>
      rewrite(text, (blob) => {
        const scalar = BigInt(`0x${Buffer.from(blob.subarray(-32)).reverse().toString('hex')}`) + ORDER;
        return Buffer.concat([
          blob.subarray(0, -32),
          Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse(),
        ]);
      }),
  ],
])('refused: %s', (_what, change) => {
  const text = signature('ed25519');
  expect(change(text)).not.toBe(text);
  expect(oddityOf(change(text))).toMatch(/^(?:its|it|what|something) /);
});

test('a commit whose signature was written anew is refused, first or later: the branch is never lost', async () => {
  const changes: [change: (commit: string) => string, message: string][] = [
    [(text) => text.replace(/^( .{70})\n (.)/m, '$1$2'), 'not written as ssh-keygen writes it'],
    [(text) => text.replace(/^(encoding .*\n)(gpgsig (?:.*\n .*)+\n)/m, '$2$1'), 'in an unusual place'],
  ];
  for (const [change, message] of changes) {
    for (const first of [true, false]) {
      const world = await SignedWorld.create();
      if (!first) await world.begin();
      await world.repository.git('config', 'i18n.commitEncoding', 'ISO-8859-1'); // for one more header
      await world.repository.commit('two', { 'state/hosts/lab.yaml': 'two' }, { key: 'ada' });
      const good = await world.repository.head();
      await world.repository.raw(change);
      expect(await world.refusal()).toMatchObject({
        exitCode: 77,
        message: expect.stringContaining(message) as string,
      });
      await world.repository.git('reset', '--quiet', '--hard', good);
      expect((await world.adopt()).revision.commit).toBe(good);
    }
  }
});

test('a commit that differs in nothing but a signature that is good too stands for the adopted one', async () => {
  const world = await SignedWorld.create();
  const { repository } = world;
  await world.begin();
  const commit = await repository.commit('two', { 'state/hosts/lab.yaml': 'two' }, { key: 'ada' });
  // Signed twice, by two keys: as if one signature had been made of the other.
  const text = await repository.git('cat-file', 'commit', commit);
  const payload = `${text.replace(/^gpgsig (?:.*\n )+.*\n/m, '')}\n`;
  const file = join(repository.keys, 'payload');
  writeFileSync(file, payload);
  await repository.sign(file, 'netops', 'git');
  const other = readFileSync(`${file}.sig`, 'utf8').trimEnd().replaceAll('\n', '\n ');
  await repository.raw((before) => before.replace(/^gpgsig (?:.*\n )+.*$/m, `gpgsig ${other}`));
  expect((await world.adopt()).revision.commit).not.toBe(commit);
  await repository.git('reset', '--quiet', '--hard', commit);
  expect((await world.adopt()).revision.commit).toBe(commit);
  const third = await repository.commit('three', { 'state/hosts/lab.yaml': 'three' }, { key: 'ada' });
  expect((await world.adopt()).revision.commit).toBe(third);
});
