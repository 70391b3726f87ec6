// The compile cache, with the real compiler behind a script that counts its runs.
// needs: lab
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { compileProgram, digestSource } from '../../../src/desired/programs/compile.js';
import { sha256 } from '../../../src/disk/sha256.js';
import { DiskObjectStore, MemoryObjectStore } from '../../../src/disk/object-store.js';
import type { ObjectStore } from '../../../src/model/object-store.js';
import { type Files, scratch, source, stateDir, write } from '../state-dir.js';

/** What is younger than the compiler's start is not cached. */
const AGE = 30;

class Bench {
  readonly tools = scratch();

  private constructor(
    readonly folder: string,
    readonly store: ObjectStore,
  ) {
    chmodSync(this.tools, 0o755); // they are run by nobody
  }

  static async make(files: Files, store?: ObjectStore): Promise<Bench> {
    const bench = new Bench(stateDir(files), store ?? new DiskObjectStore(scratch()));
    bench.install('');
    await setTimeout(AGE);
    return bench;
  }

  /** Puts a compiler first on the path; `comment` makes it another one. */
  install(comment: string): void {
    const clang = join(this.tools, 'clang');
    // What it says is heard only where it was run.
    writeFileSync(clang, `#!/bin/sh\n# ${comment}\necho run >&2\nexec /usr/bin/clang "$@"\n`);
    chmodSync(clang, 0o755);
  }

  async change(files: Files): Promise<void> {
    write(this.folder, files);
    await setTimeout(AGE);
  }

  /** SHA-256 of the object, and how often the compiler ran for it. */
  async compile(store = this.store): Promise<{ object: string; runs: number }> {
    const unit = { stateDir: this.folder, source: 'programs/a.bpf.c' };
    const { bytes, log } = await compileProgram(unit, store, this.tools);
    return { object: sha256(bytes), runs: log.split('\n').filter((line) => line === 'run').length };
  }
}

const WITH_HEADER = {
  'programs/a.bpf.c': source('fw', 'VERDICT', '#include "b.h"'),
  'programs/b.h': '#define VERDICT XDP_DROP\n',
};

test('unchanged: the compiler does not run, and the object is the same', async () => {
  const bench = await Bench.make(WITH_HEADER);
  const first = await bench.compile();
  expect(first.runs).toBe(1);
  expect(await bench.compile()).toEqual({ object: first.object, runs: 0 });
  utimesSync(join(bench.folder, 'programs/b.h'), new Date(), new Date());
  expect(await bench.compile()).toEqual({ object: first.object, runs: 0 });
});

test('a changed source or header is compiled again; changed back, as well', async () => {
  const bench = await Bench.make(WITH_HEADER);
  const { object } = await bench.compile();
  await bench.change({ 'programs/b.h': '#define VERDICT XDP_PASS\n' });
  const changed = await bench.compile();
  expect(changed.runs).toBe(1);
  expect(changed.object).not.toBe(object);
  await bench.change(WITH_HEADER);
  expect(await bench.compile()).toEqual({ object, runs: 1 });
  await bench.change({ 'programs/a.bpf.c': source() });
  expect((await bench.compile()).runs).toBe(1);
});

test('a header that appears where it would be found first is not overlooked', async () => {
  const bench = await Bench.make({
    'programs/a.bpf.c': source('fw', 'XDP_DROP', '#include <linux/if_ether.h>'),
  });
  await bench.compile();
  await bench.change({ 'programs/linux/if_ether.h': '#undef XDP_DROP\n#define XDP_DROP XDP_PASS\n' });
  expect((await bench.compile()).runs).toBe(1);
});

test('a header that is a FIFO is not waited for', async () => {
  const bench = await Bench.make(WITH_HEADER);
  const first = await bench.compile();
  execFileSync('mkfifo', [join(bench.folder, 'programs/c.h')]);
  expect((await bench.compile()).object).toBe(first.object);
  expect(digestSource(bench.folder, 'programs/a.bpf.c', Buffer.from(''))).toMatch(/^[0-9a-f]{64}$/);
});

test('a header that is gone is an error of the compiler, not of the cache', async () => {
  const bench = await Bench.make(WITH_HEADER);
  await bench.compile();
  rmSync(join(bench.folder, 'programs/b.h'));
  await expect(bench.compile()).rejects.toThrow('does not compile programs/a.bpf.c');
});

test('another program beside it changes nothing; another compiler does', async () => {
  const bench = await Bench.make(WITH_HEADER);
  await bench.compile();
  await bench.change({ 'programs/other.bpf.c': source('other') });
  expect((await bench.compile()).runs).toBe(0);
  bench.install('a newer one');
  expect((await bench.compile()).runs).toBe(1);
});

test('two state directories with different sources of one name do not share', async () => {
  const one = await Bench.make({ 'programs/a.bpf.c': source('fw', 'XDP_DROP') });
  const other = await Bench.make({ 'programs/a.bpf.c': source('fw', 'XDP_PASS') }, one.store);
  const first = await one.compile();
  const second = await other.compile();
  expect(second.object).not.toBe(first.object);
});

test('a source that changes while it is compiled is not remembered', async () => {
  const bench = await Bench.make(WITH_HEADER);
  writeFileSync(join(bench.tools, 'clang'), '#!/bin/sh\nsleep 3\nexec /usr/bin/clang "$@"\n');
  const compiling = bench.compile();
  await setTimeout(1500);
  write(bench.folder, { 'programs/b.h': '#define VERDICT XDP_PASS\n' });
  const { object } = await compiling;
  await setTimeout(AGE);
  expect((await bench.compile()).object).not.toBe(object);
});

test('a damaged object or record means compiling again', async () => {
  const dataDir = scratch();
  const bench = await Bench.make(WITH_HEADER, new DiskObjectStore(dataDir));
  const { object } = await bench.compile();
  writeFileSync(join(dataDir, 'objects', `${object}.o`), 'damaged');
  expect(await bench.compile()).toEqual({ object, runs: 1 });
  expect(await bench.compile()).toEqual({ object, runs: 0 });
});

test('a store that may not be written still uses what is there', async () => {
  const disk = new DiskObjectStore(scratch());
  const bench = await Bench.make(WITH_HEADER, disk);
  const { object } = await bench.compile();
  expect(await bench.compile(new MemoryObjectStore(disk))).toEqual({ object, runs: 0 });
});
