// The real compiler, and scripts that behave badly in its place.
// needs: lab
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { readElf } from '../../src/kernel/elf.js';
import * as kernel from '../../src/kernel/clang.js';
import { CompileError, type CompileUnit, type Compiler, findCompiler } from '../../src/kernel/clang.js';
import { readSources } from '../../src/desired/programs/sources.js';
import type { ToolLimits } from '../../src/kernel/tool.js';
import { scratch, source, stateDir, write } from '../desired/state-dir.js';

function clang(): Compiler {
  const found = findCompiler();
  if (!found) throw new Error('clang is not installed');
  return found;
}

function compile(compiler: Compiler, unit: CompileUnit, limits?: ToolLimits) {
  return kernel.compile(compiler, unit, readSources(unit.stateDir), limits);
}

/** A compiler that is this shell script. */
async function script(text: string): Promise<Compiler> {
  const folder = scratch();
  await chmod(folder, 0o755);
  write(folder, { clang: `#!/bin/sh\n${text}\n` });
  await chmod(join(folder, 'clang'), 0o755);
  return { clang: join(folder, 'clang') };
}

async function failureOf(compiling: Promise<unknown>): Promise<CompileError> {
  const error: unknown = await compiling.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CompileError) return error;
  throw new Error('it did not fail as a CompileError', { cause: error });
}

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-test-'));
  chmodSync(folder, 0o755); // tools that are made in it are run by nobody
  vi.stubEnv('TMPDIR', folder);
});

/** Whatever happened, nothing is left behind. */
afterEach(() => {
  expect(readdirSync(tmpdir()).filter((name) => !name.startsWith('xdpkeep-test-'))).toEqual([]);
  rmSync(tmpdir(), { recursive: true });
  vi.unstubAllEnvs();
});

test('an object with its function, BTF and all inputs', async () => {
  const folder = stateDir({
    'programs/a.bpf.c': source('fw', 'XDP_DROP', '#include <shared.h>'),
    'programs/shared.h': '',
  });
  const { object, inputs, log } = await compile(clang(), { stateDir: folder, source: 'programs/a.bpf.c' });
  expect(readElf(object)).toMatchObject({ functions: [{ name: 'fw', section: 'xdp' }], licence: 'GPL' });
  expect(Buffer.from(object).includes('.BTF.ext')).toBe(true);
  expect(Buffer.from(object).includes('.debug_info')).toBe(false);
  expect(inputs).toContain(join(folder, 'programs/a.bpf.c'));
  expect(inputs).toContain(join(folder, 'programs/shared.h'));
  expect(inputs).toContain('/usr/include/bpf/bpf_helpers.h');
  expect(inputs.filter((input) => !existsSync(input))).toEqual([]);
  expect(log).toBe('');
});

test.each(['with', 'without'])('one object wherever the state directory is, %s llvm-strip', async (how) => {
  const compiler = how === 'with' ? clang() : { clang: clang().clang };
  const text = source('fw', 'sizeof(__FILE__) > 99 ? XDP_DROP : XDP_PASS');
  const deep = join(stateDir({ 'a/b/c/programs/a.bpf.c': text }), 'a/b/c');
  const objects = [stateDir({ 'programs/a.bpf.c': text }), deep].map(async (folder) => {
    const { object } = await compile(compiler, { stateDir: folder, source: 'programs/a.bpf.c' });
    return Buffer.from(object).toString('base64');
  });
  const [one, other] = await Promise.all(objects);
  expect(one).toBe(other);
});

test('names that a shell, make or clang would take for something else', async () => {
  const name = '-o $(x) #1 ü.bpf.c';
  const folder = stateDir({ [name]: source('fw', 'XDP_PASS', '#include "a b#$.h"'), 'a b#$.h': '' });
  const { inputs } = await compile(clang(), { stateDir: folder, source: name });
  expect(inputs).toContain(join(folder, name));
  expect(inputs).toContain(join(folder, 'a b#$.h'));
});

test('warnings come back beside the object', async () => {
  const folder = stateDir({ 'a.bpf.c': `${source()}static int unused;\n` });
  const { log } = await compile(clang(), { stateDir: folder, source: 'a.bpf.c' });
  expect(log).toContain("a.bpf.c:6:12: warning: unused variable 'unused'");
});

test('an error in the source is shown in the words of the compiler', async () => {
  const folder = stateDir({ 'programs/a.bpf.c': source('fw', 'XDP_PAS') });
  const error = await failureOf(compile(clang(), { stateDir: folder, source: 'programs/a.bpf.c' }));
  expect(error.log).toContain("programs/a.bpf.c:4:48: error: use of undeclared identifier 'XDP_PAS'");
  expect(error).toMatchObject({
    exitCode: 65,
    hint: 'Correct the source where the compiler points.',
  });
});

test.each([
  ['bpf/nowhere.h', 'libbpf-dev'],
  ['linux/nowhere.h', 'linux-libc-dev'],
  ['asm/nowhere.h', 'linux-libc-dev'],
  ['vmlinux.h', 'bpftool btf dump file /sys/kernel/btf/vmlinux format c'],
  ['mine.h', 'programs/'],
])('a missing %s gets a hint', async (header, hint) => {
  const folder = stateDir({ 'a.bpf.c': `#include <${header}>\n` });
  const error = await failureOf(compile(clang(), { stateDir: folder, source: 'a.bpf.c' }));
  expect(error.log).toContain(`'${header}' file not found`);
  expect(error.hint).toContain(hint);
});

/** `make` gets the path of a file, and the state directory has a link to it. */
async function smuggle(make: (secret: string) => string, mode: number): Promise<CompileError> {
  const outside = scratch();
  await chmod(outside, 0o755);
  const secret = join(outside, 'secret');
  writeFileSync(secret, 'PASSWORD line one\n');
  await chmod(secret, mode);
  const folder = stateDir({ 'programs/a.bpf.c': make(secret) });
  symlinkSync(secret, join(folder, 'programs/link.h'));
  return failureOf(compile(clang(), { stateDir: folder, source: 'programs/a.bpf.c' }));
}

const INCBIN = (file: string): string => `__asm__(".section .rodata\\n.incbin \\"${file}\\"\\n.text");`;

test.each<[what: string, assembly: string]>([
  ['memory', '.rept 2000000000\\n.long 1\\n.endr'],
  ['disk', '.zero 4000000000'],
])('a source of a few lines that would fill the %s of the host does not compile', async (_, assembly) => {
  const text = `${source('fw', 'XDP_DROP')}\nasm(".section .data.x,\\"aw\\",@progbits\\n${assembly}\\n.text");\n`;
  const folder = stateDir({ 'programs/a.bpf.c': text });
  const { log } = await failureOf(compile(clang(), { stateDir: folder, source: 'programs/a.bpf.c' }));
  expect(log).toMatch(/out of memory|bad_alloc|SIGABRT|IO failure on output stream/i);
});

describe.each([
  ['for root alone', 0o600],
  ['for everybody', 0o644],
])('a file outside the state directory, %s, is not read out', (_who, mode) => {
  it.each<[string, (secret: string) => string]>([
    ['its lines are wrong C', (secret) => `#include "${secret}"\n`],
    ['through a symbolic link', () => '#include "link.h"\n'],
    ['by a relative path', (secret) => `#include "../../../../../../..${secret}"\n`],
    ['the error is elsewhere', (secret) => `#define PASSWORD int\n#define line\n#include "${secret}"\n;!\n`],
    ['by the assembler', (secret) => `__asm__(".include \\"${secret}\\"");\n`],
    ['into the object', (secret) => source('fw', 'XDP_PASS', INCBIN(secret))],
    ['into the object, through a link', () => source('fw', 'XDP_PASS', INCBIN('programs/link.h'))],
  ])('%s', async (_how, make) => {
    const error = await smuggle(make, mode);
    expect(error.log).not.toContain('PASSWORD line');
    expect(error.log).toMatch(/not found|ermission denied|Could not find/);
    expect(`${error.message} ${error.hint ?? ''}`).toMatch(/state directory/);
  });
});

test('whether a file is there is not told either, wherever it is', async () => {
  const outside = scratch(); // for root alone
  writeFileSync(join(outside, 'there'), '');
  const open = scratch();
  await chmod(open, 0o755);
  writeFileSync(join(open, 'there'), '');
  const heard = async (file: string, ask = '__has_include'): Promise<string> => {
    const text = source('fw', 'XDP_PASS', `#if ${ask}("${file}")\n#error it is there\n#endif`);
    const unit = { stateDir: stateDir({ 'a.bpf.c': text }), source: 'a.bpf.c' };
    return compile(clang(), unit).then(
      () => 'it compiles',
      (error: unknown) => (error as CompileError).log.replaceAll(file, 'FILE'),
    );
  };
  const [there, absent] = [await heard(join(outside, 'there')), await heard(join(outside, 'absent'))];
  expect(there.replace(/FILE.*/, '')).toBe(absent.replace(/FILE.*/, ''));
  // What anybody may look at: a file that is there compiles as one that is not.
  const known = ['/etc/hostname', '/etc/passwd', '/proc/1/environ', '/usr/bin/env', '/proc/self/exe', '/'];
  const relative = ['../../../etc/hostname', '../../../../../../etc/passwd'];
  for (const file of [...known, ...relative, join(open, 'there'), open]) {
    expect(await heard(file), file).toBe('it compiles');
  }
  expect(await heard('/etc/hostname', '__has_include_next')).not.toContain('it is there');
  const failing = async (make: (file: string) => string) =>
    Promise.all(
      ['there', 'other'].map(async (name) => {
        const file = join(open, name);
        const folder = stateDir({ 'a.bpf.c': make(file) });
        const { log } = await failureOf(compile(clang(), { stateDir: folder, source: 'a.bpf.c' }));
        return log.replaceAll(file, 'FILE');
      }),
    );
  const assembled = (file: string) => source('fw', 'XDP_PASS', INCBIN(file));
  for (const make of [(file: string) => `#include "${file}"\n`, assembled]) {
    const [one, other] = await failing(make);
    expect(one).toBe(other);
  }
  const program = stateDir({ 'a.bpf.c': assembled('/usr/bin/env') });
  await failureOf(compile(clang(), { stateDir: program, source: 'a.bpf.c' }));
  expect(await heard('/usr/include/stdio.h')).toContain('it is there');
});

test('the compiler is nobody, and writes to its own folder alone', async () => {
  const probe = await script(
    `(id -u; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status; cat /etc/shadow; echo > programs/a.bpf.c; kill -0 ${process.pid}) >&2; exit 3`,
  );
  const unit = { stateDir: stateDir({ 'programs/a.bpf.c': '' }), source: 'programs/a.bpf.c' };
  const { log } = await failureOf(compile(probe, unit));
  expect(log).toMatch(/^1[89]\d{8}$/m);
  expect(log).toMatch(/shadow: Permission denied/);
  expect(log).toMatch(/cannot create programs\/a\.bpf\.c: Permission denied/);
  expect(log).toMatch(/kill: .*(?:not permitted|No such process)/i);
});

test('a header that a link inside the state directory leads to is read', async () => {
  const folder = stateDir({
    'programs/a.bpf.c': source('fw', 'XDP_PASS', '#include "link.h"'),
    'other/real.h': '',
  });
  symlinkSync('../other/real.h', join(folder, 'programs/link.h'));
  const { inputs } = await compile(clang(), { stateDir: folder, source: 'programs/a.bpf.c' });
  expect(inputs).toContain(join(folder, 'programs/link.h'));
});

test('a compiler that hangs, floods, dies or writes nothing', async () => {
  const unit = { stateDir: stateDir({ 'a.bpf.c': '' }), source: 'a.bpf.c' };
  const fails = async (text: string, time = 60_000) =>
    (await failureOf(compile(await script(text), unit, { time, output: 1 << 20 }))).log;
  expect(await fails('sleep 3', 300)).toContain('did not end within 0.3 s');
  expect(await fails('exec yes >&2')).toContain('printed more than 1 MiB');
  expect(await fails('kill -SEGV $$')).toContain('SIGSEGV');
  expect(await fails('exit 0')).toContain('it wrote no object');
});

test('the compiler is looked for on the path first, and its llvm-strip beside it', async () => {
  const { clang: path } = await script('exit 0');
  expect(findCompiler(join(path, '..'))?.clang).toBe(path);
  expect(findCompiler('relative:')).toEqual(clang());
  expect(clang().strip).toMatch(/llvm-strip$/);
});
