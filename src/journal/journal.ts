// The write-ahead journal, as its one writer uses it. A record counts once it is on the disk: append returns after fdatasync or throws.
// After a failed append this object refuses further records, since the content of the file is unknown; the next run reads the file
// again. Opening writes nothing, except that it cuts off an unfinished last line.
import { dirname } from 'node:path';
import { appendToFile, replaceFile, truncateFile, UnexpectedSizeError } from '../disk/durable.js';
import { errnoCode, writeFailed } from '../disk/failure.js';
import { sha256 } from '../disk/sha256.js';
import { bootId, uptime } from '../kernel/boot.js';
import { netnsInode } from '../kernel/interfaces.js';
import { JournalError } from '../model/errors.js';
import type { JournalEntry, JournalRecord } from '../model/record.js';
import type { EffectiveStep } from '../model/step.js';
import { formatLine, hashLine } from './chain.js';
import { newestGeneration } from './generation-list.js';
import { openIntents } from './intents.js';
import type { WriterLock } from './lock.js';
import { journalFile, tornFile } from './paths.js';
import { readSoundJournal } from './read.js';
import { keepReserve, spendReserve } from './reserve.js';

/** An unfinished last line: the file that it was moved to, and its length. */
export interface TornLine {
  file: string;
  bytes: number;
}

/** The right to change this host, and the journal in which changes are recorded. */
export interface Writer {
  lock: WriterLock;
  journal: Journal;
}

interface Head {
  seq: number;
  prev: string;
  /** Bytes on the disk. */
  size: number;
}

export class Journal {
  /** Set when opening found an unfinished last line and cut it off. */
  readonly torn: TornLine | undefined;
  readonly #lock: WriterLock;
  readonly #records: JournalRecord[];
  readonly #boot = bootId();
  readonly #netns = netnsInode();
  #head: Head | undefined;
  /** Bytes of the intents that this run has written. */
  #open = 0;

  private constructor(lock: WriterLock, records: JournalRecord[], head: Head, torn: TornLine | undefined) {
    this.#lock = lock;
    this.#records = records;
    this.#head = head;
    this.torn = torn;
  }

  /** Reads the journal; cuts off an unfinished last line. Throws a JournalError on any other damage. */
  static open(lock: WriterLock): Journal {
    lock.assertHeld();
    const { records, torn, size, head } = readSoundJournal(lock.dataDir);
    const kept = torn && cutOff(lock.dataDir, torn, size);
    return new Journal(lock, records, { seq: records.length + 1, prev: head, size }, kept);
  }

  /** All records, in the order of `seq`; they are on the disk. */
  get records(): readonly JournalRecord[] {
    return this.#records;
  }

  /** Intents without an outcome, oldest first. */
  openIntents(): JournalRecord[] {
    return openIntents(this.#records);
  }

  /** Appends one record; it is on the disk when this returns. Throws a JournalError when it may not be. */
  append(entry: JournalEntry): JournalRecord {
    const [record] = this.appendAll([entry]) as [JournalRecord];
    return record;
  }

  /** Appends several records with one write and one fdatasync. Either all are intents or none is. Throws a JournalError. */
  appendAll(entries: readonly JournalEntry[]): JournalRecord[] {
    this.#lock.assertHeld();
    if (entries.length === 0) return [];
    const path = journalFile(this.#lock.dataDir);
    let head = this.#takeHead(path);
    const { size } = head;
    const written = entries.map((entry) => {
      const record = describe(entry, head, { boot: this.#boot, netns: this.#netns });
      const line = formatLine(record);
      head = { seq: head.seq + 1, prev: hashLine(line), size: head.size + line.length };
      return { record, line };
    });
    const lines = Buffer.concat(written.map(({ line }) => line));
    try {
      if (entries[0]?.phase === 'intent') keepReserve(this.#lock.dataDir, (this.#open += lines.length));
      this.#write(
        path,
        lines,
        size,
        entries.every(({ of }) => of !== undefined),
      );
    } catch (error) {
      throw appendFailed(path, error);
    }
    const records = written.map(({ record }) => record);
    this.#records.push(...records);
    this.#head = head;
    return records;
  }

  /** Records something done that is not a step on an interface, under the newest generation. Throws a JournalError. */
  appendDone(step: JournalEntry['step']): void {
    this.append({ generation: newestGeneration(this.#lock.dataDir), phase: 'done', step });
  }

  /** Outcomes have reserved space: they can be written although the disk is full. */
  #write(path: string, lines: Uint8Array, size: number, areOutcomes: boolean): void {
    try {
      appendToFile(path, lines, size);
    } catch (error) {
      const full = ['ENOSPC', 'EDQUOT'].includes(errnoCode(error) ?? '');
      if (!areOutcomes || !full || !spendReserve(this.#lock.dataDir)) throw error;
      appendToFile(path, lines, size);
    }
  }

  /** Takes the head away until the append has succeeded, so that a failed append makes all later ones fail. */
  #takeHead(path: string): Head {
    const head = this.#head;
    this.#head = undefined;
    if (head) return head;
    throw new JournalError(`${path} takes no more records in this run: an earlier one could not be written`, {
      hint: 'Look at the first error, then run the command again.',
    });
  }
}

/** The record of an entry, with its fields in an order that people can read. */
export function describe(
  { generation, phase, step, ...rest }: JournalEntry,
  { seq, prev }: { seq: number; prev: string },
  where: { boot: string; netns: number },
): JournalRecord {
  return {
    seq,
    prev,
    time: new Date().toISOString(),
    boot: where.boot,
    uptime: uptime(),
    netns: where.netns,
    generation,
    phase,
    step: withoutPolicy(step),
    ...rest,
  };
}

/** The generation has the policy. Repeating all rules in each record would be costly: every pass reads the journal. */
function withoutPolicy<S extends JournalRecord['step']>(step: S | EffectiveStep): S | EffectiveStep {
  if (!('instance' in step) || !step.instance.program?.firewall) return step;
  const program = { ...step.instance.program };
  delete program.firewall;
  return { ...step, instance: { ...step.instance, program } };
}

/** The file is named after its content, so that a crash between the two writes leaves no second copy. */
function cutOff(dataDir: string, torn: Uint8Array, size: number): TornLine {
  const file = tornFile(dataDir, sha256(torn).slice(0, 16));
  try {
    replaceFile(file, torn);
    truncateFile(journalFile(dataDir), size);
  } catch (error) {
    throw writeFailed('cut the unfinished last line off the journal', error);
  }
  return { file, bytes: torn.length };
}

function appendFailed(path: string, error: unknown): JournalError {
  if (!(error instanceof UnexpectedSizeError)) return writeFailed(`append to ${path}`, error);
  return new JournalError(`${path} was changed by another process during the run: ${error.message}`, {
    hint: `Find out what writes to ${dirname(path)}, then run \`xdpkeep journal verify\`.`,
    cause: error,
  });
}
