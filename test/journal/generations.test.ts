import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listGenerations } from '../../src/journal/generation-list.js';
import { type NewGeneration, writeGeneration } from '../../src/journal/generation-writer.js';
import { currentGeneration, readGeneration } from '../../src/journal/generations.js';
import { readJournal } from '../../src/journal/read.js';
import { EXIT } from '../../src/model/errors.js';
import type { Generation } from '../../src/model/record.js';
import { places } from '../support/budget.js';
import { desiredState, errorOf, intent, locked, record, temporaryFolder } from './support.js';

function make(dataDir: string, made: Partial<NewGeneration> = {}): Promise<Generation> {
  return locked(dataDir, (lock) =>
    writeGeneration(lock, { origin: 'reconcile', desired: desiredState(), ...made }),
  );
}

test('a host that never changed anything is in generation 0', () => {
  const dataDir = temporaryFolder();
  expect(listGenerations(dataDir)).toEqual([]);
  expect(currentGeneration(dataDir)).toBeUndefined();
  expect(listGenerations(join(dataDir, 'missing'))).toEqual([]);
});

test('generations are numbered, private, and read as they were written', async () => {
  const dataDir = temporaryFolder();
  const first = await make(dataDir);
  const second = await make(dataDir, {
    origin: 'rollback',
    of: 1,
    reason: 'zurück',
    desired: desiredState('d2'),
  });
  expect(first).toMatchObject({ number: 1, of: 1, origin: 'reconcile', desired: desiredState() });
  expect(second).toMatchObject({ number: 2, of: 1, reason: 'zurück' });
  expect(listGenerations(dataDir)).toEqual([1, 2]);
  expect(readGeneration(dataDir, 1)).toEqual(first);
  expect(currentGeneration(dataDir)).toEqual(second);
  const folder = join(dataDir, 'generations/1');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder)).toEqual(['generation.json']);
});

test('numbers count, they are not sorted as text', async () => {
  const dataDir = temporaryFolder();
  for (let made = 1; made <= 11; made++) await make(dataDir);
  expect(currentGeneration(dataDir)?.number).toBe(11);
});

test('a number that the journal knows is not given again', async () => {
  const dataDir = temporaryFolder();
  await make(dataDir);
  await record(dataDir, [intent(7)]);
  rmSync(join(dataDir, 'generations'), { recursive: true });
  expect((await make(dataDir)).number).toBe(8);
});

test('no byte of a generation can be changed behind our back', async () => {
  const dataDir = temporaryFolder();
  const generation = await make(dataDir);
  const file = join(dataDir, 'generations/1/generation.json');
  const bytes = readFileSync(file);
  for (const at of places(bytes.length)) {
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << ((at * 3) % 8)), at);
    writeFileSync(file, flipped);
    const read = { generation };
    const error = await errorOf(() => (read.generation = readGeneration(dataDir, 1)));
    if (error) expect(error.message).toContain('is damaged');
    expect(read.generation).toEqual(generation); // the layout of the text is nobody's business
  }
});

test.each([
  ['empty', ''],
  ['cut short', '{"apiVersion":"xdpkeep/v1",'],
  ['another document', '{"apiVersion":"xdpkeep/v1","kind":"Hold","sha256":"","content":{}}'],
])('a generation that is %s is an error', async (_what, text) => {
  const dataDir = temporaryFolder();
  await make(dataDir);
  writeFileSync(join(dataDir, 'generations/1/generation.json'), text);
  const error = await errorOf(() => currentGeneration(dataDir));
  expect(error).toMatchObject({ exitCode: EXIT.journal });
  expect(error?.hint).toContain('xdpkeep history');
});

test('a generation under another number is damaged; one that is not there is named', async () => {
  const dataDir = temporaryFolder();
  await make(dataDir);
  cpSync(join(dataDir, 'generations/1'), join(dataDir, 'generations/2'), { recursive: true });
  expect((await errorOf(() => readGeneration(dataDir, 2)))?.message).toContain('it is generation 1');
  const missing = await errorOf(() => readGeneration(dataDir, 9));
  expect(missing).toMatchObject({ exitCode: EXIT.journal, message: 'there is no generation 9' });
});

test('a generation whose making was interrupted is never read, and the next writer clears it away', async () => {
  const dataDir = temporaryFolder();
  const first = await make(dataDir);
  const half = join(dataDir, 'generations/2.tmp');
  mkdirSync(half);
  writeFileSync(join(half, 'generation.json'), '{"apiVersion"');
  mkdirSync(join(dataDir, 'generations/5.tmp'));
  expect(currentGeneration(dataDir)).toEqual(first);
  expect((await make(dataDir)).number).toBe(2);
  expect(readdirSync(join(dataDir, 'generations')).sort()).toEqual(['1', '2']);
});

test('the journal file comes before the first generation', async () => {
  const dataDir = temporaryFolder();
  await make(dataDir);
  expect(statSync(join(dataDir, 'journal.ndjson')).size).toBe(0);
  renameSync(join(dataDir, 'journal.ndjson'), join(dataDir, 'elsewhere'));
  expect(readJournal(dataDir).damage?.line).toBe(1);
  expect(await errorOf(() => make(dataDir))).toMatchObject({ exitCode: EXIT.journal });
  expect(existsSync(join(dataDir, 'journal.ndjson'))).toBe(false);
});
