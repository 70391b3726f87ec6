// However `top` ends, the terminal is as it was, and the exit code says which end it was.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { must } from '../lab/exec.js';
import { expectGivenBack, openTop, topLine } from '../support/top-terminal.js';

it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'Ctrl-C', 'Ctrl-Z'])('gives the terminal back on %s', async (how) => {
  await using lab = await createLab();
  await using terminal = await openTop(lab);
  if (how === 'Ctrl-C') await terminal.press('C-c');
  else if (how === 'Ctrl-Z') {
    await terminal.press('C-z');
    await expect.poll(() => terminal.isPlain()).toBe(true);
    await terminal.type('fg');
    await expect.poll(() => terminal.isPlain()).toBe(false);
    await expect.poll(() => terminal.shown()).toContain('q quit');
    await terminal.press('q');
  } else process.kill((await terminal.running()) ?? -1, how);
  await expectGivenBack(terminal);
});

it('a look that fails is said where the shell says things', async () => {
  await using lab = await createLab();
  await using terminal = await openTop(lab);
  const stray = join(lab.bpffs, 'xdpkeep/interfaces/stray');
  await must('bpftool', ['prog', 'load', 'dist/bpf/icmp_drop.bpf.o', stray]);
  await expect.poll(() => terminal.running()).toBe(undefined);
  await expect.poll(() => terminal.shown()).toMatch(/^error: [^]*\nhelp: /m);
  const said = /^error: [^]*?(?=\nhelp: )/m.exec(await terminal.shown())?.[0] ?? '';
  expect(said.replaceAll('\n', '')).toMatch(/^error: \S*\/interfaces\/stray: /); // the terminal breaks long lines
  await expectGivenBack(terminal, 78);
  await must('rm', [stray]);
});

it.each([
  ['an exception that nobody catches', `throw new Error('a bug')`],
  ['a promise that nobody waits for', `void Promise.reject(new Error('a bug'))`],
])('%s is seen, on a terminal that works', async (_what, bug) => {
  await using lab = await createLab();
  const [file, trigger] = [join(lab.directory, 'bug.cjs'), join(lab.directory, 'now')];
  writeFileSync(
    file,
    `const { existsSync } = require('node:fs');
    if (process.argv[2] === 'top') setInterval(() => { if (existsSync('${trigger}')) ${bug}; }, 50);\n`,
  );
  await using terminal = await openTop(lab, topLine(lab, `LC_ALL=C.UTF-8 NODE_OPTIONS=--require=${file}`));
  writeFileSync(trigger, '');
  await expect.poll(() => terminal.running()).toBe(undefined);
  await expect.poll(() => terminal.shown()).toContain('Error: a bug');
  await expectGivenBack(terminal, 1);
});

it('ends with a terminal that goes away, though no signal says so', async () => {
  await using lab = await createLab();
  const ended = join(lab.directory, 'ended');
  const said = join(lab.directory, 'said');
  // In a session of its own, which has no controlling terminal: nobody sends SIGHUP.
  const line = `setsid -f sh -c '${topLine(lab)} 2> ${said}; echo $? > ${ended}'`;
  {
    await using _terminal = await openTop(lab, line);
  }
  await expect.poll(() => existsSync(ended) && readFileSync(ended, 'utf8')).toBe('0\n');
  expect(readFileSync(said, 'utf8')).toBe('');
});

it('ends with its reader, and on signals, where there is no terminal for pictures', async () => {
  await using lab = await createLab();
  await using terminal = await openTop(lab);
  await terminal.press('q');
  const script = join(lab.directory, 'piped.sh');
  writeFileSync(script, `${topLine(lab)} | head -1\necho "codes \${PIPESTATUS[*]}"\n`);
  await terminal.type(`bash ${script}`);
  await expect.poll(() => terminal.shown()).toContain('codes 0 0');
  // What is typed before the shell asks is run all the same, and the prompt stands before the output.
  expect(await terminal.shown()).toMatch(/^(\$ )?[\d:]{8} .* dropped\ncodes/m);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const piped = lab.start(['top', '--every', '100ms', '--output', 'json']);
    let out = '';
    piped.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await expect.poll(() => out).toContain('"Traffic"');
    piped.kill(signal);
    expect(await piped).toMatchObject({ exitCode: 0, stderr: '' });
  }
});
