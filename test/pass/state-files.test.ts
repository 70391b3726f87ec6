// Passes from state files on a host that is made up: what a hold, a change that waits, options and lost pins make of them.
import { beforeEach, describe, expect, it } from 'vitest';
import { readHold, writeHold } from '../../src/journal/hold.js';
import { readPending } from '../../src/journal/pending.js';
import { EXIT } from '../../src/model/errors.js';
import type { ReconcileOptions } from '../../src/model/pass-options.js';
import type { Hold } from '../../src/model/reconciliation.js';
import { inputsFromStateFiles } from '../../src/pass/inputs-from-state-files.js';
import { reconcileOn } from '../../src/pass/reconcile.js';
import { writtenNow } from '../../src/pass/written-now.js';
import { PassHost } from '../fakes/pass.js';
import { A, StateFiles } from '../fakes/state-files.js';

let host: PassHost;
let files: StateFiles;
let stateDir: string;
const write = (...lines: string[]) => {
  files.write(...lines);
};
const B = [...A, '  b: {program: {builtin: icmp-drop}}'];
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
  files = new StateFiles();
  stateDir = files.stateDir;
});

const options = (change: Partial<ReconcileOptions> = {}): ReconcileOptions => ({
  ...{
    from: { stateDir, host: 'edge' },
    change: {},
    bpffs: host.bpffs,
    dataDir: host.dataDir,
    dryRun: false,
  },
  ...change,
});
const reconcile = (change: Partial<ReconcileOptions> = {}) =>
  host.opened((place) => reconcileOn(place, options(change)));
const inputs = (change: Partial<ReconcileOptions> = {}) =>
  host.opened((place) => inputsFromStateFiles(place, options(change)));
const hold = async (change: Partial<Hold>) => {
  const [written = ''] = await writtenNow({ stateDir, host: 'edge' }, host.dataDir);
  const about = { digests: [written], generation: 0, reason: 'too strict', since: new Date().toISOString() };
  await host.opened((place) => {
    writeHold(place.lock, { ...about, ...change });
    return Promise.resolve();
  });
};

it('the kernel runs what the files say, and is looked at without being changed', async () => {
  const seen = await reconcileOn(host.open(undefined), options({ dryRun: true }));
  expect(seen).toMatchObject({ dryRun: true, steps: [{ outcome: 'planned' }] });
  expect(host.running('a')).toEqual([]);
  expect(await reconcile()).toMatchObject({ dryRun: false, generation: 1, steps: [{ outcome: 'done' }] });
  expect(host.running('a')).toHaveLength(1);
  expect(await reconcile()).toMatchObject({ changed: false, generation: 1 });
});

it('everything is asked, and what options allow is not', async () => {
  const { safeties, target } = await inputs();
  const names = (of: object) => Object.entries(of).flatMap(([name, one]) => ('ask' in one ? [name] : []));
  expect(names(safeties)).toEqual(['suspensions', 'pruneGuard', 'lockoutGuard', 'trial']);
  expect(target).toMatchObject({ retry: false, deep: false, interfaces: 'all' });
  expect(safeties.lockoutGuard).toEqual({ ask: { remotes: [], accepted: false } });
  expect(safeties.trial).toMatchObject({ ask: { readFrom: { stateDir, host: 'edge' } } });
});

describe('a hold', () => {
  it('keeps what it names while the files say what it is about', async () => {
    await reconcile();
    write(...B);
    await hold({ generation: 1 });
    expect(await reconcile()).toMatchObject({ hold: { generation: 1 }, exitCode: EXIT.held });
    expect(host.running('b')).toEqual([]);
    host.kernel.removeLink('a');
    expect((await reconcile()).steps).toMatchObject([{ interface: 'a', outcome: 'done' }]);
  });

  it('ends when the files say something else', async () => {
    await hold({});
    write(...B);
    expect(await reconcile()).not.toHaveProperty('hold');
    expect(readHold(host.dataDir)).toBeUndefined();
    expect(host.running('b')).toHaveLength(1);
  });

  it('under which what ran before is lost leaves everything as it is', async () => {
    await hold({ lost: true });
    expect(await reconcile()).toMatchObject({
      steps: [{ outcome: 'suspended' }],
      suspensions: [{ file: 'hold.json' }],
      exitCode: EXIT.held,
    });
    expect(host.running('a')).toEqual([]);
  });
});

describe('a change that waits', () => {
  beforeEach(async () => {
    write(...A, 'confirm: 10m');
    await reconcile();
  });

  it('is not made again, and is told', async () => {
    expect(readPending(host.dataDir)).toMatchObject({ place: { stateDir, host: 'edge' } });
    expect(await reconcile()).toMatchObject({
      pending: { generation: 1 },
      steps: [{ outcome: 'unchanged' }],
    });
  });

  it('gets back what it has lost, and no more: nothing is recorded to go back by', async () => {
    host.kernel.removeLink('a');
    const before = (await host.records()).length;
    expect(await reconcile()).toMatchObject({
      generation: 1,
      pending: { generation: 1 },
      steps: [{ interface: 'a', action: 'attach', outcome: 'done' }],
      interfaces: [{ name: 'a', condition: 'Ready' }],
    });
    expect(host.running('a')).toHaveLength(1);
    const [intent] = (await host.records()).slice(before);
    expect(intent).toMatchObject({ phase: 'intent', generation: 1 });
    expect(intent).not.toHaveProperty('inverse');
  });

  it('lets no other change pass', async () => {
    write(...B);
    await expect(reconcile()).rejects.toMatchObject({ exitCode: EXIT.pendingConfirm });
    expect(host.running('b')).toEqual([]);
  });
});

it('what nobody can read, nobody wants', async () => {
  expect(await writtenNow({ stateDir, host: 'edge' }, host.dataDir)).toHaveLength(1);
  write('interfaces: 7');
  expect(await writtenNow({ stateDir, host: 'edge' }, host.dataDir)).toEqual([]);
});
