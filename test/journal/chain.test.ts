import { expect, test } from 'vitest';
import { formatLine, hashLine, NO_PREVIOUS, readChain } from '../../src/journal/chain.js';
import type { JournalEntry, JournalRecord } from '../../src/model/record.js';
import { places } from '../support/budget.js';
import { attachStep, detachStep, done, intent, reattachStep, swapStep } from './support.js';

/** One of every kind, as a journal would hold them. */
const ENTRIES: JournalEntry[] = [
  intent(),
  done(1),
  { generation: 2, phase: 'intent', step: swapStep(8), inverse: swapStep(8, 'old') },
  { generation: 2, phase: 'undone', step: swapStep(8), of: 3, note: 'veth0: the kernel runs "other"\nnow' },
  { generation: 2, phase: 'done', step: { kind: 'hold', reason: 'zurück' } },
  { generation: 3, phase: 'intent', step: reattachStep(8) },
  { generation: 3, phase: 'failed', step: detachStep(), of: 6 },
];

function chain(entries: JournalEntry[]): Buffer[] {
  let prev = NO_PREVIOUS;
  return entries.map((entry, index) => {
    const about = { seq: index + 1, prev, time: '2026-01-02T03:04:05.678Z', boot: 'b', netns: 4026531840 };
    const line = formatLine({ ...about, ...entry });
    prev = hashLine(line);
    return line;
  });
}

const LINES = chain(ENTRIES);
const BYTES = Buffer.concat(LINES);

test('what was written is read, and the next record knows what it follows', () => {
  const { records, damage, torn, unverified, size, head } = readChain(BYTES);
  expect({ damage, torn, unverified, size }).toEqual({
    damage: undefined,
    torn: undefined,
    unverified: [],
    size: BYTES.length,
  });
  expect(records).toMatchObject(ENTRIES);
  expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(head).toBe(hashLine(LINES.at(-1) ?? Buffer.alloc(0)));
});

test('nothing is an empty journal', () => {
  expect(readChain(Buffer.alloc(0))).toEqual({ records: [], unverified: [], size: 0, head: NO_PREVIOUS });
});

test('a last line torn at any byte is torn, never damage', () => {
  const whole = BYTES.length - (LINES.at(-1)?.length ?? 0);
  for (const at of places(BYTES.length - whole - 1)) {
    const end = whole + 1 + at;
    const { records, damage, torn, size } = readChain(BYTES.subarray(0, end));
    expect({ records: records.length, damage, size }).toEqual({ records: 6, damage: undefined, size: whole });
    expect(torn).toEqual(BYTES.subarray(whole, end));
  }
});

test('a bit flipped anywhere in an earlier record is found, in its line', () => {
  const lineAt = LINES.flatMap((bytes, index) => Array<number>(bytes.length).fill(index + 1));
  for (const at of places(BYTES.length - (LINES.at(-1)?.length ?? 0))) {
    const line = lineAt[at] ?? 0;
    const flipped = Buffer.from(BYTES);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << ((at * 5) % 8)), at);
    const { damage, records } = readChain(flipped);
    expect([at, damage?.line, records.length]).toEqual([at, line, line - 1]);
  }
});

test('records after the damage are readable and set apart', () => {
  const broken = Buffer.from(BYTES);
  broken.write('pass', BYTES.indexOf('hold'));
  const { records, unverified, damage } = readChain(broken);
  expect(damage).toMatchObject({ line: 5 });
  expect(records).toHaveLength(4);
  expect(unverified.map(({ seq }) => seq)).toEqual([6, 7]);
});

const others = chain(ENTRIES.map((entry) => ({ ...entry, generation: entry.generation + 1 })));
const pick = (...numbers: number[]) => numbers.map((number) => LINES[number - 1] ?? Buffer.alloc(0));

test.each([
  ['a line removed', pick(1, 2, 4, 5, 6, 7), 3],
  ['the first line removed', pick(2, 3, 4), 1],
  ['two lines exchanged', pick(1, 2, 4, 3, 5), 3],
  ['a line twice', pick(1, 2, 2, 3), 3],
  ['a line of another journal', [...pick(1, 2), ...others.slice(2, 3), ...pick(4, 5)], 3],
  ['an empty line', [...pick(1), Buffer.from('\n'), ...pick(2)], 2],
  [
    'a carriage return',
    [...pick(1).map((line) => Buffer.from(line.toString().replace('\n', '\r\n'))), ...pick(2, 3)],
    1,
  ],
  ['no UTF-8', [...pick(1, 2), Buffer.from([0xff, 0xfe, 0x0a])], 3],
  ['zeros that a crash left', [...pick(1, 2), Buffer.from('\0\0\0\0\n')], 3],
])('%s is damage', (_what, lines, line) => {
  expect(readChain(Buffer.concat(lines)).damage?.line).toBe(line);
});

const first = readChain(BYTES).records[0];

test.each<[string, object]>([
  ['a phase that there is not', { phase: 'maybe' }],
  ['no netns', { netns: undefined }],
  ['a field that there is not', { extra: 1 }],
  ['a step without a target', { step: { ...attachStep(), instance: undefined } }],
  ['a step of no kind', { step: { reason: 'because' } }],
  ['a time that is none', { time: 'yesterday' }],
  ['a generation that is no number', { generation: '1' }],
])('%s is refused even in the last line', (_what, change) => {
  const line = formatLine({ ...first, ...change } as JournalRecord);
  expect(readChain(line).damage?.line).toBe(1);
});

test('fields of a newer release inside a step are kept', () => {
  const step = { ...attachStep(), speed: 'ludicrous' };
  const line = formatLine({ ...first, step } as JournalRecord);
  expect(readChain(line).records[0]?.step).toEqual(step);
});
