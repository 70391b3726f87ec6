// needs: lab
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runHistory } from '../../src/cli/history.js';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { EXIT } from '../../src/model/errors.js';
import type { History } from '../../src/model/history.js';
import { desiredState, done, intent, locked, record, temporaryFolder } from '../journal/support.js';

/** Two generations: one that was applied, and a rollback to nothing. */
async function twoGenerations(): Promise<string> {
  const dataDir = temporaryFolder();
  const desired = desiredState();
  await locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired }));
  await record(dataDir, [intent(), done(1)]);
  await locked(dataDir, (lock) =>
    writeGeneration(lock, { origin: 'rollback', of: 0, reason: 'it broke', desired }),
  );
  await record(dataDir, [intent(2)]);
  return dataDir;
}

const read = (dataDir: string): History => JSON.parse(runHistory({ dataDir, output: 'json' }).out) as History;

test('nothing was ever applied', () => {
  const dataDir = temporaryFolder();
  const { exitCode, out, err } = runHistory({ dataDir, output: 'text' });
  expect([exitCode, out, err]).toEqual([EXIT.ok, 'nothing was ever applied: generation 0\n', '']);
  expect(read(dataDir)).toEqual({
    apiVersion: 'xdpkeep/v1',
    kind: 'History',
    generation: 0,
    generations: [],
  });
  expect(readdirSync(dataDir)).toEqual([]);
});

test('each generation with where it came from and what became of it', async () => {
  const dataDir = await twoGenerations();
  expect(read(dataDir)).toMatchObject({
    generation: 2,
    generations: [
      {
        number: 1,
        origin: 'reconcile',
        of: 1,
        host: 'edge-1',
        interfaces: [{ name: 'veth0', done: 1, open: 0 }],
      },
      {
        number: 2,
        origin: 'rollback',
        of: 0,
        reason: 'it broke',
        interfaces: [{ name: 'veth0', done: 0, open: 1 }],
      },
    ],
  });
  const [header, first, second, ...more] = runHistory({ dataDir, output: 'text' }).out.trimEnd().split('\n');
  expect(more).toEqual([]);
  expect(header).toMatch(/^GENERATION +TIME +ORIGIN +AUTHOR +INTERFACES +CHANGES +REASON$/);
  expect(first).toMatch(/^1 +\S+Z +reconcile +- +veth0: 1 done +.+ +-$/);
  expect(second).toMatch(/^2 +\S+Z +rollback to 0 +- +veth0: 1 open +nothing +it broke$/);
});

test('a damaged generation is left out with a warning; its outcomes are not lost for the others', async () => {
  const dataDir = await twoGenerations();
  writeFileSync(join(dataDir, 'generations/1/generation.json'), '{}');
  const { exitCode, err } = runHistory({ dataDir, output: 'json' });
  expect(exitCode).toBe(EXIT.ok);
  expect(err).toContain('warning: generation 1 is left out');
  expect(read(dataDir)).toMatchObject({ generation: 2, generations: [{ number: 2 }] });
});

test('a damaged journal: what is readable, and a warning', async () => {
  const dataDir = await twoGenerations();
  const file = join(dataDir, 'journal.ndjson');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"phase":"done"', '"phase":"undone"'));
  const { exitCode, err } = runHistory({ dataDir, output: 'json' });
  expect(exitCode).toBe(EXIT.ok);
  expect(err).toContain('warning: line 2 of the journal cannot be trusted');
  expect(read(dataDir)).toMatchObject({
    generations: [{ interfaces: [{ name: 'veth0', open: 1 }] }, { interfaces: [] }],
  });
});

test('generations of which none can be read are not "nothing was ever applied"', async () => {
  const dataDir = await twoGenerations();
  for (const number of [1, 2]) writeFileSync(join(dataDir, `generations/${number}/generation.json`), '{}');
  const { exitCode, out, err } = runHistory({ dataDir, output: 'text' });
  expect([exitCode, out]).toEqual([EXIT.ok, 'generation 2 is the latest; none can be read\n']);
  expect(err).toContain('warning: generation 1 is left out');
});
