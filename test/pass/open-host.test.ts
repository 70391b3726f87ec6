// Opening a host: the rights first, then the lock, then a change whose time is over, of which nobody may lose the word. Whether a
// trial is over is for test/trial/ to show; what it says is made up here.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as capabilities from '../../src/kernel/capabilities.js';
import { EXIT, PermissionError, RefusedError } from '../../src/model/errors.js';
import { MACHINE } from '../../src/pass/machine.js';
import { openHost, undoneWords, viewHost, withHost, withLockedHost } from '../../src/pass/open-host.js';
import * as observing from '../../src/observe/observe.js';
import * as overdue from '../../src/trial/overdue.js';
import { errorOf, locked, temporaryFolder } from '../journal/support.js';
import { observed } from '../support/states.js';

let paths: { bpffs: string; dataDir: string };
const ends = (reason: string | undefined) => vi.spyOn(overdue, 'endOverdueTrial').mockResolvedValue(reason);
beforeEach(() => {
  paths = { bpffs: temporaryFolder(), dataDir: temporaryFolder() };
  vi.spyOn(capabilities, 'requireCapabilities').mockReturnValue(undefined);
  ends(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});
const told = (...warnings: string[]) => Promise.resolve({ warnings });

test('who lacks the rights opens nothing', async () => {
  vi.spyOn(capabilities, 'requireCapabilities').mockImplementation(() => {
    throw new PermissionError('no', { hint: '' });
  });
  for (const open of [
    () => viewHost(paths),
    () => withHost(paths, () => told()),
    () => withLockedHost(paths, () => told()),
  ])
    expect(await errorOf(open)).toMatchObject({ exitCode: EXIT.permission });
});

test('a host to look at has no lock, and what is stored into it stays in memory', async () => {
  const look = vi.spyOn(observing, 'observe').mockResolvedValue(observed([]));
  const host = viewHost(paths);
  expect(host).toMatchObject({ ...paths, lock: undefined, machine: MACHINE, pins: { bpffs: paths.bpffs } });
  expect(await host.observe()).toEqual(observed([]));
  expect(await host.firstLook()).toEqual(observed([]));
  expect(look.mock.calls).toEqual([[{ bpffs: paths.bpffs }], [{ bpffs: paths.bpffs }]]);
  const hash = host.store.put(Buffer.from('x'), 'policy');
  expect(Buffer.from(host.store.get(hash, 'policy')).toString()).toBe('x');
  expect(() => viewHost(paths).store.get(hash, 'policy')).toThrow();
});

test('a host to change has its lock for as long as the work lasts, and stores on the disk', async () => {
  const kept = await withHost(paths, (host) => {
    host.lock.assertHeld();
    const hash = host.store.put(Buffer.from('x'), 'policy');
    return Promise.resolve({ warnings: ['w'], host, hash });
  });
  expect(kept.warnings).toEqual(['w']);
  expect(kept.host).not.toHaveProperty('undone');
  expect(kept.host).toMatchObject({ ...paths, machine: MACHINE });
  expect(() => {
    kept.host.lock.assertHeld();
  }).toThrow('after its release');
  expect(Buffer.from(viewHost(paths).store.get(kept.hash, 'policy')).toString()).toBe('x');
});

test('what was undone is said first, in the result and in the error', async () => {
  ends('it was not confirmed in time');
  const warning = undoneWords('it was not confirmed in time');
  expect(warning).toBe('the change before this one was undone: it was not confirmed in time');
  const result = await withHost(paths, ({ undone }) => told(undone ?? '', 'w'));
  expect(result.warnings).toEqual([warning, 'it was not confirmed in time', 'w']);
  const failed = await errorOf(() =>
    locked(paths.dataDir, (lock) => lock).then((lock) =>
      openHost(lock, paths, () => Promise.reject(new RefusedError('no', { hint: '' }))),
    ),
  );
  expect(failed?.warnings).toEqual([warning]);
  await expect(withHost(paths, () => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
});

test('who decides the change on trial finds it as it is', async () => {
  const end = ends('it was not confirmed in time');
  await withLockedHost(paths, ({ lock }) => {
    lock.assertHeld();
    return told();
  });
  expect(end).not.toHaveBeenCalled();
});
