// A change on trial that is undone, on a host that is made up: from the journal or from the pins, with what is left of either.
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { listGenerations } from '../../src/journal/generation-list.js';
import { readGeneration } from '../../src/journal/generations.js';
import { readHold, writeHold } from '../../src/journal/hold.js';
import { withWriterLock } from '../../src/journal/lock.js';
import { readPending, writePending } from '../../src/journal/pending.js';
import { type Announced, readTrial, writeUndoRecord } from '../../src/journal/undo-record.js';
import { EXIT } from '../../src/model/errors.js';
import type { Pending } from '../../src/model/pending.js';
import { endOverdueTrial } from '../../src/trial/overdue.js';
import { dropTrial, markForRevert, markGivenUp, undoByPins, undoTrial } from '../../src/trial/revert.js';
import { requireNoTrial, waitingTrial } from '../../src/trial/waiting.js';
import { PassHost, onTrial } from '../fakes/pass.js';
import { desired, wanted } from '../support/states.js';

let host: PassHost;
const CONFIRM = onTrial({ confirm: 60_000 });
const other = wanted('a', { digest: 'bbbb' });
beforeEach(async () => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  await host.pass([wanted('a')]);
  await host.pass([other], { safeties: CONFIRM });
});

const pins = () => host.kernel.pins;
const trial = () => readTrial(host.dataDir, pins());
function announced(on = host): Announced {
  const found = readTrial(on.dataDir, pins());
  if (!found) throw new Error('nothing is on trial');
  return found;
}
/** What is announced, changed in both places. */
const change = (more: Partial<Pending>) =>
  host.opened((place) => {
    const { inverses } = announced();
    const pending = { ...announced().pending, ...more };
    writePending(place.lock, pending);
    writeUndoRecord(place.lock, pins(), { pending, inverses });
    return Promise.resolve();
  });
const undo = (wantedNow?: () => Promise<string[]>) =>
  host.opened((place) => undoTrial(place.lock, pins(), announced(), 'too strict', wantedNow));
const AAAA = ['native aaaa'];
const BBBB = ['native bbbb'];

describe('a change that is undone', () => {
  it('leaves what ran before it, a hold, a generation that repeats the former one, and a record', async () => {
    const hold = await undo();
    expect(host.running('a')).toEqual(AAAA);
    expect(hold).toMatchObject({ digests: ['bbbb'], generation: 1, reason: 'too strict', undone: 2 });
    expect(hold).not.toHaveProperty('lost');
    expect(readHold(host.dataDir)).toEqual(hold);
    expect(readGeneration(host.dataDir, 3)).toMatchObject({
      origin: 'rollback',
      of: 1,
      reason: 'too strict',
    });
    const records = await host.records();
    const { seq } = records.find(({ step }) => step.kind === 'trial') ?? {};
    expect(records.at(-1)).toMatchObject({
      phase: 'undone',
      generation: 2,
      of: seq,
      step: { kind: 'trial', reason: 'too strict' },
    });
    expect(trial()).toBeUndefined();
  });

  it('holds what was held before and what is wanted by now, but not what is kept', async () => {
    await change({ place: { stateDir: '/etc/xdpkeep', host: 'edge' } });
    const before = {
      digests: ['older', 'bbbb'],
      generation: 1,
      reason: 'r',
      since: new Date().toISOString(),
    };
    await host.opened((place) => {
      writeHold(place.lock, before);
      return Promise.resolve();
    });
    const asked: unknown[] = [];
    const hold = await host.opened((place) =>
      undoTrial(place.lock, pins(), announced(), 'too strict', (...about) => {
        asked.push(about);
        return Promise.resolve(['newer', 'aaaa']);
      }),
    );
    expect(hold?.digests).toEqual(['older', 'bbbb', 'newer']);
    expect(asked).toEqual([[{ stateDir: '/etc/xdpkeep', host: 'edge' }, host.dataDir]]);
  });

  it('asks nobody what is wanted where it is not known what it was read from', async () => {
    const hold = await undo(() => Promise.reject(new Error('asked')));
    expect(hold?.digests).toEqual(['bbbb']);
  });

  it('that was confirmed and whose announcement was left stays', async () => {
    await host.opened((_place, journal) => {
      journal().append({ generation: 2, phase: 'confirmed', step: { kind: 'trial', reason: 'by hand' } });
      return Promise.resolve();
    });
    expect(await undo()).toBeUndefined();
    expect(host.running('a')).toEqual(BBBB);
    expect(trial()).toBeUndefined();
    expect(readHold(host.dataDir)).toBeUndefined();
  });

  it('goes back in the kernel though the journal is damaged, and can be confirmed by nobody', async () => {
    appendFileSync(join(host.dataDir, 'journal.ndjson'), 'not a record\n');
    await expect(
      withWriterLock(host.dataDir, (lock) => undoTrial(lock, pins(), announced(), 'too strict')),
    ).rejects.toMatchObject({ exitCode: EXIT.journal });
    expect(host.running('a')).toEqual(AAAA);
    expect(trial()?.pending.ending).toBe('too strict');
    expect(readPending(host.dataDir)).not.toHaveProperty('ending');
  });

  it('that never became a generation is over, and leaves no hold', async () => {
    rmSync(join(host.dataDir, 'generations/2'), { recursive: true });
    expect(await undo()).toBeUndefined();
    expect(readHold(host.dataDir)).toBeUndefined();
    expect(trial()).toBeUndefined();
  });

  it('holds without anything to repeat where the data directory was lost', async () => {
    const lost = new PassHost(host);
    const found = announced(lost);
    expect(found).toMatchObject({ lost: true });
    const hold = await lost.opened((place) => undoTrial(place.lock, pins(), found, 'late'));
    expect(hold).toMatchObject({ lost: true, generation: 1, undone: 2 });
    expect(host.running('a')).toEqual(AAAA);
    expect(listGenerations(lost.dataDir)).toEqual([]);
  });

  it('holds without anything to repeat where nobody knows what ran before', async () => {
    await change({ unknown: true });
    expect(await undo()).toMatchObject({ lost: true, digests: ['bbbb'] });
    expect(listGenerations(host.dataDir)).toEqual([1, 2]);
  });

  it('of another boot runs no step of that one', async () => {
    const lost = new PassHost(host);
    const { pending, inverses } = announced(lost);
    const before = { pending: { ...pending, boot: 'another' }, inverses, lost: true };
    await lost.opened((place) => undoTrial(place.lock, pins(), before, 'rebooted'));
    expect(host.running('a')).toEqual(BBBB);
  });

  it('is undone by all its steps, though one of them cannot be', async () => {
    host.kernel.addInterface('b', 3);
    await undo();
    await host.pass([wanted('a', { digest: 'cccc' }), wanted('b')], { safeties: CONFIRM });
    expect(announced().inverses.map((step) => step.interface)).toEqual(['b', 'a']);
    rmSync(pins().interface('b'), { recursive: true });
    await undo();
    expect(host.running('a')).toEqual(AAAA);
  });
});

describe('at a deadline without a data directory', () => {
  it('the pins alone bring the former program back, for this change and no other', async () => {
    await undoByPins(pins(), 'another', 'late');
    expect(host.running('a')).toEqual(BBBB);
    await undoByPins(pins(), announced().pending.id, 'late');
    expect(host.running('a')).toEqual(AAAA);
    expect(trial()?.pending.ending).toBe('late');
  });
});

describe('what is marked', () => {
  it('for a revert ends with nothing attached', async () => {
    await host.opened((place) => {
      markForRevert(place.lock, pins(), 'detached');
      return Promise.resolve();
    });
    expect(readPending(host.dataDir)).toMatchObject({ previous: 0, ending: 'detached' });
    expect(trial()?.pending).toMatchObject({ previous: 0, ending: 'detached' });
  });

  it('as given up can be confirmed by nobody, though the data directory takes nothing any more', async () => {
    await host.opened((place) => {
      rmSync(join(host.dataDir, 'pending.json'));
      writeFileSync(join(host.dataDir, 'pending.json'), '{');
      markGivenUp(place.lock, pins(), 'no room');
      return Promise.resolve();
    });
    expect(trial()?.pending.ending).toBe('no room');
  });

  it('is nothing where nothing is on trial', async () => {
    await undo();
    await host.opened((place) => {
      markForRevert(place.lock, pins(), 'detached');
      markGivenUp(place.lock, pins(), 'no room');
      return Promise.resolve();
    });
    expect(trial()).toBeUndefined();
  });

  it('dropped is over, undoes nothing, and is on record', async () => {
    await host.opened((place) => dropTrial(place.lock, pins(), 'all is detached'));
    expect(trial()).toBeUndefined();
    expect(host.running('a')).toEqual(BBBB);
    const last = { phase: 'undone', generation: 2, step: { kind: 'trial', reason: 'all is detached' } };
    expect((await host.records()).at(-1)).toMatchObject(last);
    const { length } = await host.records();
    await host.opened((place) => dropTrial(place.lock, pins(), 'again'));
    expect(await host.records()).toHaveLength(length);
  });
});

describe('a trial that is over', () => {
  const end = (wantedNow = () => Promise.resolve(['newer'])) =>
    host.opened((place) => endOverdueTrial(place.lock, pins(), wantedNow));
  const place = { stateDir: '/etc/xdpkeep', host: 'edge' };

  it('is none where its time is left, and none where there is none', async () => {
    expect(await end()).toBeUndefined();
    expect(host.running('a')).toEqual(BBBB);
    await undo();
    expect(await end()).toBeUndefined();
  });

  it.each<[string, Partial<Pending>, string[]]>([
    [
      'it was not confirmed in time',
      { deadline: { monotonic: 0, wall: '', armed: { by: 'watchdog', pid: 1 } } },
      [],
    ],
    ['somebody gave it up', { ending: 'somebody gave it up' }, ['newer']],
    ['the run that made it ended before it was decided', { phase: 'trying' }, []],
    ['the machine was rebooted before it was confirmed', { boot: 'another' }, ['newer']],
  ])('is undone: %s', async (why, more) => {
    const wall = new Date().toISOString();
    const { deadline } = more;
    await change({ place, ...more, ...(deadline && { deadline: { ...deadline, wall } }) });
    expect(await end()).toBe(why);
    expect(trial()).toBeUndefined();
    // The steps are of this boot by the journal, whatever the announcement says.
    expect(host.running('a')).toEqual(AAAA);
    // What is wanted by now is asked where the change waited alone: before that, its author looks on.
    const digests = more.phase === 'trying' ? ['bbbb'] : ['bbbb', 'newer'];
    expect(readHold(host.dataDir)?.digests).toEqual(digests);
  });
});

describe('while a change waits', () => {
  const waits = (...want: ReturnType<typeof wanted>[]) =>
    waitingTrial(host.dataDir, pins(), desired(...want));

  it('the same state is told so, and any other one is refused', () => {
    expect(waits(other)).toMatchObject({
      generation: 2,
      previous: 1,
      secondsLeft: expect.any(Number) as number,
    });
    expect(() => waits(wanted('a'))).toThrow(
      /generation 2 waits for its confirmation, .* left: no other change/,
    );
    expect(() => {
      requireNoTrial(host.dataDir, pins());
    }).toThrow(expect.objectContaining({ exitCode: EXIT.pendingConfirm }) as Error);
  });

  it('the same state is known by what was written, and by its generation', async () => {
    await change({ written: 'of another release' });
    expect(waits(other)).toMatchObject({ generation: 2 });
    rmSync(join(host.dataDir, 'generations/2'), { recursive: true });
    expect(() => waits(other)).toThrow(/generation 2/);
    await change({ written: 'bbbb' });
    expect(waits(other)).toMatchObject({ generation: 2 });
  });

  it('one that is still being tried is nothing that anybody may wait for', async () => {
    await change({ phase: 'trying' });
    expect(() => waits(other)).toThrow('waits for its confirmation');
    const pending = { ...announced().pending };
    delete pending.deadline;
    await host.opened((at) => {
      writePending(at.lock, pending);
      writeUndoRecord(at.lock, pins(), { pending, inverses: [] });
      return Promise.resolve();
    });
    expect(() => waits(other)).toThrow('generation 2 is being tried: no other change is made meanwhile');
  });

  it('nothing is refused where nothing waits', async () => {
    await undo();
    expect(waits(other)).toBeUndefined();
    requireNoTrial(host.dataDir, pins());
  });
});
