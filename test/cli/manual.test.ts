// The manual is made of the commands and the schemas; man formats it without a complaint.
// needs: lab man
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { everyCommand } from '../../src/cli/command-tree.js';
import { EXAMPLES } from '../../src/cli/examples.js';
import { makeProgram, runCommandLine } from '../../src/cli/program.js';
import { finish } from '../lab/exec.js';

const commands = everyCommand(makeProgram('1.2.3', () => undefined));

async function formatted(page: string): Promise<string> {
  const { exitCode, out } = await runCommandLine(['manual', page], '1.2.3');
  expect(exitCode).toBe(0);
  const directory = mkdtempSync(join(tmpdir(), 'xdpkeep-manual-'));
  try {
    writeFileSync(join(directory, 'page'), out);
    const env = { ...process.env, MANWIDTH: '100', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '' };
    const man = await finish('man', ['--warnings', '-l', join(directory, 'page')], { env });
    expect(man).toMatchObject({ exitCode: 0, stderr: '' });
    return man.stdout.replace(/[^\n]\x08/g, '');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

it('xdpkeep(8) has every command, every option and every exit code', async () => {
  const text = await formatted('xdpkeep');
  for (const { path, command } of commands.filter(({ command: one }) => one.commands.length === 0)) {
    expect(text).toMatch(new RegExp(`^ +xdpkeep ${path}\\b`, 'm'));
    for (const { flags, hidden } of command.options) if (!hidden) expect(text).toContain(flags);
  }
  for (const code of [0, 2, 17, 78]) expect(text).toMatch(new RegExp(`^ +${code} +[A-Za-z]`, 'm'));
});

it('xdpkeep-state(5) has every field of the schemas, with its place', async () => {
  const text = await formatted('state');
  for (const field of [
    'interfaces.*.mode',
    'protect.destinationPort',
    'rules.rateLimit.per',
    'tests.expect',
  ]) {
    expect(text).toMatch(new RegExp(`^ +${field.replace(/[.*]/g, '\\$&')}$`, 'm'));
  }
});

it('the build has both pages and the completions', () => {
  expect(readdirSync('dist/man').sort()).toEqual(['xdpkeep-state.5', 'xdpkeep.8']);
  expect(readdirSync('dist/completion').sort()).toEqual(['_xdpkeep', 'xdpkeep.bash', 'xdpkeep.fish']);
  expect(readFileSync('dist/man/xdpkeep.8', 'utf8')).toMatch(/^\.TH XDPKEEP 8 /);
});

it('every command has examples, and every example names a command and options that there are', async () => {
  const paths = ['', ...commands.map(({ path }) => path)];
  expect(Object.keys(EXAMPLES).sort()).toEqual(paths.sort());
  for (const { path } of commands) {
    const { out } = await runCommandLine([...path.split(' '), '--help'], '1.2.3');
    for (const [line] of EXAMPLES[path] ?? []) {
      expect(out).toContain(line);
      expect(line).toMatch(new RegExp(`^(source <\\()?xdpkeep ${path}\\b`));
      for (const [, option = ''] of line.matchAll(/(?<= )(--[a-z-]+)/g))
        expect(out).toContain(`  ${option} `.trimEnd());
    }
  }
});
