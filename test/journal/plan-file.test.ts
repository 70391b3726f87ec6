// Plan files: what was written is read, by who may be trusted, or not at all.
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, test, vi } from 'vitest';
import { readPlanFile, stalePlan, writePlanFile } from '../../src/journal/plan-file.js';
import { seal } from '../../src/journal/sealed.js';
import { EXIT } from '../../src/model/errors.js';
import type { PlanFile } from '../../src/model/plan-file.js';
import { NO_SAFEGUARDS } from '../../src/model/safeguards.js';
import { desiredState, errorOf, temporaryFolder } from './support.js';

const plan: PlanFile = {
  ...{ format: 1, release: 'r', host: 'h', time: '2026-01-01T00:00:00.000Z', bpffs: '/b', dataDir: '/d' },
  ...{ boot: 'b', netns: 1, journal: { records: 0, head: '' }, safeguards: NO_SAFEGUARDS, allowPrune: false },
  ...{ steps: [], subjects: [{ name: 'a' }], objects: { ab: 'AAAA' }, sets: {}, desired: desiredState() },
};
const hold = { digests: ['x'], generation: 1, reason: 'too strict', since: '2026-01-01T00:00:00.000Z' };
const source = { commit: 'c', subject: 's', author: 'a', time: 't' };
const file = () => join(temporaryFolder(), 'plan');

test('a plan is read as it was written, replaced, and nobody else can read it', () => {
  const path = file();
  writePlanFile(path, plan);
  expect(readPlanFile(path)).toEqual(plan);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writePlanFile(path, { ...plan, hold, source });
  expect(readPlanFile(path)).toEqual({ ...plan, hold, source });
});

it.each<[string, object]>([
  ['of another format', { format: 2 }],
  ['with a field that this release does not know', { more: 1 }],
  ['with a field of the journal that it does not know', { journal: { records: 0, head: '', more: 1 } }],
  ['of a negative number of records', { journal: { records: -1, head: '' } }],
  ['without what is wanted', { desired: undefined }],
  ['that wants nothing', { desired: null }],
  ['that wants no object', { desired: 'all' }],
  ['whose source is none', { source: null }],
  ['whose source is no object', { source: 'c' }],
  ['whose safeguards are none', { safeguards: null }],
  ['whose safeguards are no object', { safeguards: 'c' }],
  ['with a step that is none', { steps: ['attach'] }],
  ['with a subject without a name', { subjects: [{}] }],
  ['with an object that is no base64', { objects: { ab: '?' } }],
  ['with a set that is no base64', { sets: { ab: 7 } }],
  ['whose hold is damaged', { hold: {} }],
  ['made at no time', { time: 'now' }],
])('one %s is refused as stale', async (_what, change) => {
  const path = file();
  writeFileSync(path, seal('Plan', { ...plan, ...change }));
  expect(await errorOf(() => readPlanFile(path))).toMatchObject({
    exitCode: EXIT.stalePlan,
    message: expect.stringContaining(`${path} is damaged`) as string,
    hint: stalePlan('').hint,
  });
});

test('one that was changed since is stale', async () => {
  const path = file();
  writePlanFile(path, plan);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"netns": 1', '"netns": 2'));
  expect(await errorOf(() => readPlanFile(path))).toMatchObject({ exitCode: EXIT.stalePlan });
});

it.each<[string, (path: string) => void, string]>([
  ['nothing', () => undefined, 'ENOENT'],
  [
    'a folder',
    (path) => {
      mkdirSync(path);
    },
    'it is not a regular file',
  ],
  [
    'a link in a circle',
    (path) => {
      symlinkSync(path, path);
    },
    'ELOOP',
  ],
])('%s in its place is a mistake of who names it', async (_what, make, why) => {
  const path = file();
  make(path);
  const error = await errorOf(() => readPlanFile(path));
  expect(error).toMatchObject({ exitCode: EXIT.usage, hint: expect.stringContaining('Name ') as string });
  expect(error?.message).toContain(`cannot read the plan ${path}`);
  expect(error?.message).toContain(why);
});

test('a place that cannot be written is a mistake of who names it; a bug is none', async () => {
  const path = join(temporaryFolder(), 'gone/plan');
  expect(
    await errorOf(() => {
      writePlanFile(path, plan);
    }),
  ).toMatchObject({
    exitCode: EXIT.usage,
    message: `cannot write the plan ${path} (ENOENT)`,
    hint: 'Name a file in a directory that exists.',
  });
  expect(() => {
    writePlanFile('a\0b', plan);
  }).toThrow('null bytes');
  expect(() => readPlanFile('a\0b')).toThrow('null bytes');
});

/** Who reads: not root, though the tests may be. */
function as(uid: number): void {
  vi.spyOn(process, 'geteuid').mockReturnValue(uid);
  onTestFinished(() => void vi.restoreAllMocks());
}

test('who is not root trusts its own file, or that of root, and only where nobody else may write', async () => {
  const path = file();
  writePlanFile(path, plan);
  const { uid } = statSync(path);
  const read = async () => (await errorOf(() => readPlanFile(path)))?.exitCode;
  as(uid);
  expect(await read()).toBeUndefined();
  for (const mode of [0o660, 0o602]) {
    chmodSync(path, mode);
    if (uid !== 0) expect(await read(), mode.toString(8)).toBe(EXIT.permission);
    as(1234);
    expect(await read(), mode.toString(8)).toBe(EXIT.permission);
    as(uid);
  }
  chmodSync(path, 0o644);
  as(1234);
  expect(await read(), 'a file of root, or of somebody else').toBe(uid === 0 ? undefined : EXIT.permission);
  expect((await errorOf(() => readPlanFile(path)))?.hint ?? 'chown').toContain('chown');
});
