// What options, holds and changes that wait make of the questions of a pass from state files, on a host that is made up. What such
// passes do: state-files.test.ts.
import { relative } from 'node:path';
import { afterEach, beforeEach, expect, it, test, vi } from 'vitest';
import * as load from '../../src/desired/load.js';
import { writeHold } from '../../src/journal/hold.js';
import { suspensionFile } from '../../src/journal/paths.js';
import { writeSealed } from '../../src/journal/sealed.js';
import { readStored } from '../../src/journal/suspensions.js';
import { bootId } from '../../src/kernel/boot.js';
import type { ReconcileOptions } from '../../src/model/pass-options.js';
import type { Hold } from '../../src/model/reconciliation.js';
import { NO_SAFEGUARDS } from '../../src/model/safeguards.js';
import { inputsFromStateFiles } from '../../src/pass/inputs-from-state-files.js';
import * as lists from '../../src/pass/list-changes.js';
import { reconcileOn } from '../../src/pass/reconcile.js';
import { writtenNow } from '../../src/pass/written-now.js';
import * as adoption from '../../src/source/adoption.js';
import { PassHost } from '../fakes/pass.js';
import { A, StateFiles } from '../fakes/state-files.js';

let host: PassHost;
let files: StateFiles;
let stateDir: string;
const write = (...lines: string[]) => {
  files.write(...lines);
};
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  files = new StateFiles();
  stateDir = files.stateDir;
});
afterEach(() => {
  vi.restoreAllMocks();
});

const options = (change: Partial<ReconcileOptions> = {}): ReconcileOptions => ({
  ...{ from: { stateDir, host: 'edge' }, change: {}, dryRun: false },
  ...{ bpffs: host.bpffs, dataDir: host.dataDir },
  ...change,
});
const inputs = (change: Partial<ReconcileOptions> = {}) =>
  host.opened((place) => inputsFromStateFiles(place, options(change)));
const look = (change: Partial<ReconcileOptions> = {}) =>
  inputsFromStateFiles(host.open(undefined), options(change));
const hold = async (change: Partial<Hold> = {}) => {
  const [written = ''] = await writtenNow({ stateDir, host: 'edge' }, host.dataDir);
  const held = { digests: [written], generation: 0, reason: 'r', since: new Date().toISOString(), ...change };
  await host.opened((place) => {
    writeHold(place.lock, held);
    return Promise.resolve();
  });
  return held;
};

/** Each safety is asked, or says why not: the questions by name. */
const questions = ({ safeties }: Awaited<ReturnType<typeof inputs>>) => {
  const all = Object.entries(safeties) as [string, { ask: unknown } | { notAsked: string }][];
  for (const [name, one] of all) if (!('ask' in one)) expect(one.notAsked, name).toMatch(/.{10}/);
  return Object.fromEntries(all.flatMap(([name, one]) => ('ask' in one ? [[name, one.ask]] : [])));
};
const suspensions = { inForce: [], except: new Set() };

test('what the operator allows is not asked, and what he says goes along', async () => {
  const plain = await inputs();
  const trial = { safeguards: NO_SAFEGUARDS, readFrom: { stateDir, host: 'edge' } };
  const guards = { pruneGuard: true, lockoutGuard: { remotes: [], accepted: false } };
  expect(questions(plain)).toStrictEqual({ suspensions, ...guards, trial });
  expect(plain.target).toMatchObject({ retry: false, goNative: false, deep: false });
  expect(plain.report).toStrictEqual({ dryRun: false, warnings: [], progress: undefined });

  const change = { retry: true, deep: true, allowPrune: true, acceptLockout: true, confirmWithin: 5000 };
  const remote = { host: '192.0.2.1', port: 22 };
  const from = { stateDir: relative('.', stateDir), host: 'edge', remotes: [remote] };
  const asked = await inputs({ from, change });
  expect(questions(asked)).toStrictEqual({
    suspensions,
    lockoutGuard: { remotes: [remote], accepted: true },
    trial: { ...trial, safeguards: { ...NO_SAFEGUARDS, confirm: 5000 } },
  });
  expect(asked.target).toMatchObject({ retry: true, goNative: true, deep: true });
  expect(questions(await inputs({ change: { allowPrune: false } }))).toHaveProperty('pruneGuard');
});

test('who asked is told how far the files are, and what they resolve to is remembered once the pass is over', async () => {
  const loaded = vi.spyOn(load, 'loadHost');
  const progress = () => undefined;
  const first = await inputs({ progress });
  expect(first.report.progress).toBe(progress);
  expect(loaded.mock.calls[0]?.[0]).toMatchObject({ progress });
  expect(first.remember).toBeTypeOf('function');
  await host.opened((place) => reconcileOn(place, options()));
  expect(loaded.mock.calls[1]?.[0]).not.toHaveProperty('progress');
  expect(await inputs()).not.toHaveProperty('remember');
});

test('the commit of the files goes into the generation', async () => {
  expect((await inputs()).target.generation).toStrictEqual({ origin: 'reconcile' });
  const source = { commit: 'c', subject: 's', author: 'a', time: 't' };
  vi.spyOn(adoption, 'revisionOf').mockReturnValue(source);
  expect((await inputs()).target.generation).toStrictEqual({ origin: 'reconcile', source });
});

test('what is over is forgotten by who may write, and by nobody else', async () => {
  const time = '2026-01-01T00:00:00.000Z';
  const over = { reason: 'r', by: 'root', since: time, until: time, boot: bootId(), uptime: 1 };
  await host.locked((lock) =>
    Promise.resolve(
      writeSealed(lock, suspensionFile(host.dataDir), 'Suspensions', { suspensions: [over] }, ''),
    ),
  );
  expect((await look()).report.dryRun).toBe(true);
  expect(readStored(host.dataDir).made).toHaveLength(1);
  await inputs();
  expect(readStored(host.dataDir).made).toEqual([]);
});

test('a hold that keeps what was there leaves the guards unasked, and one that ends says why', async () => {
  const keeps = await hold();
  expect(questions(await inputs())).toStrictEqual({ hold: { keeps }, suspensions });
  const lost = await hold({ lost: true });
  const asked = questions(await inputs());
  expect(asked).toMatchObject({ hold: { keeps: lost }, suspensions: { inForce: [{ file: 'hold.json' }] } });
  write(...A, '  b: {program: {builtin: icmp-drop}}');
  expect(questions(await inputs())).toMatchObject({
    hold: { endsBecause: 'the state files changed' },
    pruneGuard: true,
  });
});

it.each<[string, () => Promise<unknown>, boolean]>([
  ['a new state', () => Promise.resolve(), true],
  ['a state that a hold keeps out', () => hold(), false],
  [
    'a change that waits',
    async () => {
      write(...A, 'confirm: 10m');
      await host.opened((place) => reconcileOn(place, options()));
    },
    false,
  ],
])('lists of %s are held against those before: %#', async (_what, prepare, isAsked) => {
  await prepare();
  const refuse = vi.spyOn(lists, 'refuseCollapse');
  await inputs();
  expect(refuse).toHaveBeenCalledTimes(isAsked ? 1 : 0);
});

test('while a change waits, it is told, and nothing is asked that only another change would need', async () => {
  write(...A, 'confirm: 10m');
  await host.opened((place) => reconcileOn(place, options()));
  const waiting = await inputs();
  expect(Object.keys(questions(waiting)).sort()).toEqual(
    ['confirmation', 'lockoutGuard', 'pruneGuard', 'suspensions'].sort(),
  );
  expect(waiting.place.lock).toBeUndefined();
  expect(waiting.report.dryRun, 'it is no dry run that the operator asked for').toBe(false);
  expect((await look()).report.dryRun).toBe(false);
});
