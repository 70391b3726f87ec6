// Throws mutated files at the loaders: `fuzz.mjs CORPUS SCRATCH SEED COUNT`. CORPUS is a folder with `state/<name>/`
// (state directories) and `data/` (a data directory and a plan). Each answer is a result or one of our errors; anything
// else ends it with exit 1 and says what to repeat. Prints what it took. Run it with a limited heap.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { validateState } from '../../src/desired/load-all.js';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import { readChain } from '../../src/journal/chain.js';
import { readGeneration } from '../../src/journal/generations.js';
import { readHold } from '../../src/journal/hold.js';
import { readPlanFile } from '../../src/journal/plan-file.js';
import { readSuspensions } from '../../src/journal/suspensions.js';
import { InvalidStateError } from '../../src/model/diagnostic.js';
import { XdpkeepError } from '../../src/model/errors.js';

const [corpus = '', scratch = '', seed = '1', count = '100'] = process.argv.slice(2);

/** mulberry32: small, and the same everywhere. */
let state = Number(seed) >>> 0;
function random(below: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

const PIECES = [
  '&a ', '*a', '<<: *a', '!!binary ', '---\n', '%YAML 1.1\n', '{', '}', '[', ']', ': ', '- ', '"', "'", '|\n', '\t', '\0',
  '\r', '\ufeff', '\u202e', '\ud800', '0x', '1e999', '-1', '99999999999999999999', '0.0.0.0/0', '::/0', 'fe80::', '10.0.0.1/33',
  '~', 'null', 'true', '..', '../../etc/passwd', '__proto__', 'constructor', '[[[[[[[['.repeat(200), '{a: '.repeat(500),
  'x'.repeat(70_000), '"seq":1', '"of":1', '"prev":"', '\n'.repeat(1000), '*'.repeat(300), '[a-',
].map((piece) => Buffer.from(piece)); // prettier-ignore

/** One to four changes: a bit, a byte, a cut, a piece put in, a part doubled, moved or taken from another file. */
function mutate(bytes: Buffer, other: Buffer): Buffer {
  let now = bytes;
  for (let changes = 1 + random(4); changes > 0; changes--) now = mutateOnce(now, other);
  return now;
}

function mutateOnce(bytes: Buffer, other: Buffer): Buffer {
  const at = random(bytes.length + 1);
  const end = Math.min(bytes.length, at + random(1 + random(200)));
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (random(7)) {
    case 0: {
      if (at === bytes.length) return before;
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << random(8)), at);
      return flipped;
    }
    case 1:
      return before;
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, PIECES[random(PIECES.length)] ?? part, after]);
    case 4:
      return Buffer.concat([before, ...Array<Buffer>(1 + random(20)).fill(part), after]);
    case 5:
      return Buffer.concat([after, part, before]);
    default: {
      const from = random(other.length + 1);
      return Buffer.concat([before, other.subarray(from, from + random(400)), after]);
    }
  }
}

interface Subject {
  name: string;
  bytes: Buffer;
  /** Puts the bytes where they belong and asks for them. */
  ask: (bytes: Buffer) => unknown;
}

function stateSubjects(): Subject[] {
  return readdirSync(join(corpus, 'state')).flatMap((name) => {
    const stateDir = join(scratch, name);
    cpSync(join(corpus, 'state', name), stateDir, { recursive: true });
    const files = readdirSync(stateDir, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    return files.map(({ parentPath, name: file }): Subject => {
      const path = join(parentPath, file);
      const bytes = readFileSync(path);
      return {
        name: path,
        bytes,
        ask: async (mutated) => {
          writeFileSync(path, mutated);
          try {
            const { diagnostics } = await validateState(
              { stateDir, store: new MemoryObjectStore() },
              { exec: true },
            );
            if (diagnostics.some(({ severity }) => severity === 'error'))
              throw new InvalidStateError(diagnostics);
          } finally {
            writeFileSync(path, bytes);
          }
        },
      };
    });
  });
}

function dataSubjects(): Subject[] {
  const data = join(corpus, 'data');
  const place = (path: string, read: () => unknown): Subject => ({
    name: path,
    bytes: readFileSync(join(data, path)),
    ask: (mutated) => {
      writeFileSync(join(scratch, path), mutated, { mode: 0o600 });
      return read();
    },
  });
  mkdirSync(join(scratch, 'generations/1'), { recursive: true });
  const journal = readFileSync(join(data, 'journal.ndjson'));
  const chain: Subject = { name: 'journal.ndjson', bytes: journal, ask: (mutated) => readChain(mutated) };
  return [
    ...Array<Subject>(4).fill(chain), // it is what is read most
    place('generations/1/generation.json', () => readGeneration(scratch, 1)),
    place('hold.json', () => readHold(scratch)),
    place('suspend.json', () => readSuspensions(scratch)),
    place('plan.json', () => readPlanFile(join(scratch, 'plan.json'))),
  ];
}

async function answered(subject: Subject, bytes: Buffer): Promise<'accepted' | 'refused'> {
  try {
    await subject.ask(bytes);
    return 'accepted';
  } catch (error) {
    if (error instanceof XdpkeepError) return 'refused';
    throw error;
  }
}

const pools = [stateSubjects(), dataSubjects()];
const subjects = pools.flat();
const answers = { accepted: 0, refused: 0 };
for (const subject of subjects) await answered(subject, subject.bytes); // what is loaded once is loaded
const { maxRSS: before } = process.resourceUsage();
let slowest = 0;
for (let at = 0; at < Number(count); at++) {
  const pool = pools[at % 2] ?? [];
  const subject = pool[random(pool.length)];
  const other = subjects[random(subjects.length)];
  if (!subject || !other) throw new Error('the corpus is empty');
  const bytes = mutate(subject.bytes, other.bytes);
  const start = process.cpuUsage();
  try {
    answers[await answered(subject, bytes)]++;
  } catch (error) {
    writeFileSync(join(corpus, 'failure'), bytes);
    throw new Error(`seed ${seed}, case ${at}, ${subject.name}`, { cause: error });
  }
  const { user, system } = process.cpuUsage(start);
  slowest = Math.max(slowest, (user + system) / 1000);
}
const { maxRSS: after } = process.resourceUsage();
rmSync(scratch, { recursive: true });
console.log(JSON.stringify({ ...answers, slowestMs: slowest, grownKb: after - before }));
