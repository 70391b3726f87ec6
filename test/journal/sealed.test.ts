// Sealed documents: short ones can be read by people, long ones are compact, and each is of its kind.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { expect, it, test } from 'vitest';
import { seal, unseal, writeSealed } from '../../src/journal/sealed.js';
import { EXIT } from '../../src/model/errors.js';
import { errorOf, locked, temporaryFolder } from './support.js';

const schema = z.looseObject({ text: z.string() });
const read = (text: string, kind = 'Test') => unseal(text, kind, schema, { path: '/file', hint: 'a hint' });
/** A content whose JSON has so many characters. */
const long = (length: number) => ({ text: 'x'.repeat(length - '{"text":""}'.length) });
const otherHash = (text: string) => text.replace(/"sha256":"[0-9a-f]+"/, `"sha256":"${'0'.repeat(64)}"`);

it.each([
  [100, 8],
  [65_536, 8],
  [65_537, 2],
])('a content of %i characters takes %i lines', (length, lines) => {
  const text = seal('Test', long(length));
  expect(text.split('\n')).toHaveLength(lines + (lines > 2 ? 1 : 0));
  expect(read(text)).toEqual(long(length));
});

test('a long document that somebody has laid out anew is the same', () => {
  const text = seal('Test', long(70_000));
  expect(read(JSON.stringify(JSON.parse(text), null, 2))).toEqual(long(70_000));
  expect(read(text.trimEnd())).toEqual(long(70_000));
});

it.each([
  ['of another kind', seal('Other', { text: 'a' }), 'it is not a Test document'],
  ['that is no JSON', '{', 'it is not a Test document'],
  ['without a seal', '{"kind":"Test","content":{"text":"a"}}', 'it is not a Test document'],
  [
    'that was changed',
    seal('Test', { text: 'a' }).replace('"a"', '"b"'),
    'its content is not what was written',
  ],
  ['that is long and was changed', seal('Test', long(70_000)).replace('xx', 'xy'), 'not what was written'],
  ['that is long, of another hash', otherHash(seal('Test', long(70_000))), 'not what was written'],
  ['with another content', seal('Test', { text: 1 }), 'expected string'],
])('a document %s is damaged', async (_what, text, why) => {
  const error = await errorOf(() => read(text));
  expect(error).toMatchObject({ exitCode: EXIT.journal, hint: 'a hint' });
  expect(error?.message).toContain('/file is damaged: ');
  expect(error?.message).toContain(why);
});

test('writing says whether that changed anything, and what could not be done', async () => {
  const dataDir = temporaryFolder();
  const path = join(dataDir, 'file');
  const write = (content: object | undefined, where = path) =>
    locked(dataDir, (lock) => writeSealed(lock, where, 'Test', content, 'do it'));
  expect(await write(undefined)).toBe(false);
  expect(await write({ text: 'a' })).toBe(true);
  expect(read(readFileSync(path, 'utf8'))).toEqual({ text: 'a' });
  expect(await write(undefined)).toBe(true);
  expect(existsSync(path)).toBe(false);
  expect(await errorOf(() => write({}, join(dataDir, 'gone/file')))).toMatchObject({
    exitCode: EXIT.journal,
    message: 'cannot do it (ENOENT)',
  });
});
