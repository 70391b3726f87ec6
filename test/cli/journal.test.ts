// needs: lab
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runJournal } from '../../src/cli/journal.js';
import { EXIT } from '../../src/model/errors.js';
import { done, intent, record, snapshot, temporaryFolder } from '../journal/support.js';

async function journalOf(...lines: number[]): Promise<string> {
  const dataDir = temporaryFolder();
  await record(
    dataDir,
    lines.map((generation) => intent(generation)),
  );
  return dataDir;
}

function damage(dataDir: string, line: number): void {
  const file = join(dataDir, 'journal.ndjson');
  const lines = readFileSync(file, 'utf8').split('\n');
  lines[line - 1] = lines[line - 1]?.replace('not attached', 'attached') ?? '';
  writeFileSync(file, lines.join('\n'));
}

const parseLines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

test('show prints the records for people, control characters made visible', async () => {
  const dataDir = temporaryFolder();
  await record(dataDir, [intent(), { ...done(1), note: 'clean-up\u001b[2J failed' }]);
  const { exitCode, out, err } = await runJournal('show', { dataDir, output: 'text' });
  const [header, first, second, ...more] = out.trimEnd().split('\n');
  expect([exitCode, err, more]).toEqual([EXIT.ok, '', []]);
  expect(header).toMatch(/^SEQ +TIME +GENERATION +PHASE +STEP +INTERFACE +REASON$/);
  expect(first).toMatch(/^1 +\S+Z +1 +intent +attach +veth0 +not attached$/);
  expect(second).toMatch(/^2 .*done .*not attached \(clean-up\\x1b\[2J failed\)$/);
});

test('show as JSON is a stream that opens with its version', async () => {
  const dataDir = await journalOf(1, 1);
  const { out } = await runJournal('show', { dataDir, output: 'json' });
  const [version, ...records] = parseLines(out);
  expect(version).toEqual({ apiVersion: 'xdpkeep/v1', kind: 'Journal' });
  expect(records).toEqual(parseLines(readFileSync(join(dataDir, 'journal.ndjson'), 'utf8')));
});

test('show prints what is readable of a damaged journal, marks it, and warns', async () => {
  const dataDir = await journalOf(1, 2, 3, 4);
  damage(dataDir, 2);
  const json = await runJournal('show', { dataDir, output: 'json' });
  expect(json.exitCode).toBe(EXIT.ok);
  expect(json.err).toContain('line 2 of the journal cannot be trusted');
  expect(parseLines(json.out)).toMatchObject([
    { kind: 'Journal' },
    { seq: 1 },
    { seq: 2, unverified: true },
    { seq: 3, unverified: true },
    { seq: 4, unverified: true },
  ]);
  const text = await runJournal('show', { dataDir, output: 'text' });
  expect(text.out.split('\n').map((line) => line.split(' ')[0])).toEqual(['SEQ', '1', '?2', '?3', '?4', '']);
});

test('an empty journal is shown as one', async () => {
  const dataDir = temporaryFolder();
  expect((await runJournal('show', { dataDir, output: 'text' })).out).toBe('the journal is empty\n');
  expect(readdirSync(dataDir)).toEqual([]);
});

test('verify: 0 for a sound journal, an unfinished last line included', async () => {
  const dataDir = await journalOf(1, 2);
  appendFileSync(join(dataDir, 'journal.ndjson'), '{"seq":3');
  const before = snapshot(dataDir);
  const json = await runJournal('verify', { dataDir, output: 'json' });
  expect([json.exitCode, JSON.parse(json.out)]).toEqual([
    EXIT.ok,
    { apiVersion: 'xdpkeep/v1', kind: 'JournalVerification', sound: true, records: 2, tornBytes: 8 },
  ]);
  const text = await runJournal('verify', { dataDir, output: 'text' });
  expect(text.out).toBe('the journal is sound: 2 records, and an unfinished last line of 8 bytes\n');
  expect((await runJournal('show', { dataDir, output: 'text' })).err).toContain('not finished (8 bytes)');
  expect(snapshot(dataDir)).toEqual(before);
});

test('verify: 74 with the line, and what to do', async () => {
  const dataDir = await journalOf(1, 2, 3, 4);
  damage(dataDir, 3);
  const json = await runJournal('verify', { dataDir, output: 'json' });
  expect(json.exitCode).toBe(EXIT.journal);
  expect(JSON.parse(json.out)).toMatchObject({ sound: false, records: 2, damage: { line: 3 } });
  const text = await runJournal('verify', { dataDir, output: 'text' });
  expect(text.out).toContain('line 3 of the journal cannot be trusted');
  expect(text.err).toContain('xdpkeep journal repair');
});

test('repair, then verify; a second repair finds nothing to do', async () => {
  const dataDir = await journalOf(1, 2, 3);
  damage(dataDir, 1);
  const json = await runJournal('repair', { dataDir, output: 'json' });
  const keptAs = join(dataDir, 'journal.damaged-1');
  expect(JSON.parse(json.out)).toMatchObject({
    kind: 'JournalRepair',
    repaired: true,
    damage: { line: 1 },
    keptAs,
  });
  expect((await runJournal('verify', { dataDir, output: 'text' })).out).toBe(
    'the journal is sound: 1 record\n',
  );
  const again = await runJournal('repair', { dataDir, output: 'text' });
  expect([again.exitCode, again.out]).toEqual([EXIT.ok, 'nothing to repair: the journal is sound\n']);
});

test('repair says what it set aside and what it cut off', async () => {
  const dataDir = await journalOf(1);
  appendFileSync(join(dataDir, 'journal.ndjson'), '{');
  const cut = await runJournal('repair', { dataDir, output: 'text' });
  expect(cut.out).toMatch(/^cut off: an unfinished last line, kept as .*journal\.torn-[0-9a-f]{16}\n$/);
  rmSync(join(dataDir, 'journal.ndjson'));
  writeFileSync(join(dataDir, 'journal.ndjson'), 'nonsense\n');
  const aside = await runJournal('repair', { dataDir, output: 'text' });
  expect(aside.out).toContain('line 1 of the journal cannot be trusted: it is not JSON; set aside, kept as');
});
