// Another process at work on a data directory: `writer.mjs <command> <data directory> [argument]`.
import { once } from 'node:events';
import { appendFileSync, closeSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import koffi from 'koffi';
import { writeGeneration } from '../../../src/journal/generation-writer.js';
import { Journal } from '../../../src/journal/journal.js';
import { withWriterLock } from '../../../src/journal/lock.js';
import { LockedError } from '../../../src/model/errors.js';

const [command = '', dataDir = '', argument = ''] = process.argv.slice(2);
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Holds the lock until the process is killed. */
async function hold(): Promise<void> {
  await withWriterLock(dataDir, async () => {
    say('held');
    await setTimeout(60_000);
  });
}

/** Tries until it was alone twenty times, and writes down when it was: `<ns> enter|leave <pid>`. */
async function contend(): Promise<void> {
  let turns = 0;
  const note = (what: string) => {
    appendFileSync(argument, `${process.hrtime.bigint()} ${what} ${process.pid}\n`);
  };
  while (turns < 20) {
    await setImmediate();
    try {
      await withWriterLock(dataDir, async () => {
        note('enter');
        await setTimeout(2);
        note('leave');
        turns++;
      });
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
    }
  }
  say(String(turns));
}

/** Makes generations and records until it is killed. */
async function busy(): Promise<void> {
  await withWriterLock(dataDir, (lock) => {
    const journal = Journal.open(lock);
    const desired = { host: 'edge-1', interfaces: [], digest: 'd'.repeat(500_000), written: 'w' };
    for (;;) {
      const { number } = writeGeneration(lock, { origin: 'reconcile', desired });
      journal.append({
        generation: number,
        phase: 'done',
        step: { kind: 'resume', reason: 'r'.repeat(5000) },
      });
      say(String(number));
    }
  });
}

/** Asks for the lock as somebody who is not root. */
async function unprivileged(): Promise<void> {
  process.seteuid?.(65534);
  const { exitCode, hint } = await withWriterLock(dataDir, () => Promise.resolve()).then(
    () => ({ exitCode: 0, hint: '' }),
    (error: unknown) => error as { exitCode: number; hint: string },
  );
  say(`${exitCode} ${hint}`);
}

const F_SETLEASE = 1024; // linux/fcntl.h
const F_WRLCK = 1;

/** Holds up whoever opens the lock file next, replaces the file meanwhile, and lets them go on with the old one. */
async function replace(): Promise<void> {
  const file = `${dataDir}/lock`;
  const fd = openSync(file, 'w');
  const fcntl = koffi.load('libc.so.6').func('int fcntl(int fd, int command, ...)');
  const replaced = once(process, 'SIGIO').then(() => {
    writeFileSync(`${file}.new`, '');
    renameSync(`${file}.new`, file);
    closeSync(fd);
  });
  const stayAlive = setInterval(() => undefined, 1000);
  if (fcntl(fd, F_SETLEASE, 'int', F_WRLCK) !== 0) throw new Error('no lease');
  say('leased');
  await replaced;
  clearInterval(stayAlive);
}

const commands: Record<string, () => Promise<void>> = { hold, contend, busy, unprivileged, replace };
await commands[command]?.();
