// docs/git.md is run, command by command, in the order in which it stands there, with its paths moved into a lab.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { finish, must, PATH, within } from '../lab/exec.js';

const blocks = [...readFileSync('docs/git.md', 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)];

it('from nothing to a host that follows a repository, and over a forced push', async () => {
  await using lab = await createLab();
  const home = join(lab.directory, 'home');
  const bin = join(lab.directory, 'bin');
  for (const folder of [bin, home, join(home, '.ssh')]) mkdirSync(folder);
  await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, '.ssh/id_ed25519')]);
  writeFileSync(join(home, '.gitconfig'), '[user]\nname = Ada\nemail = ada@example.org\n');
  const program = join(bin, 'xdpkeep');
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${resolve('dist/xdpkeep.js')} "$@"\n`);
  chmodSync(program, 0o755);

  const moved = (text: string) =>
    text.replaceAll(/\/(?:etc\/xdpkeep|srv)(?=\/|\s|$)/g, (path) => lab.directory + path);
  mkdirSync(moved('/srv'));
  const env = {
    HOME: home,
    PATH: `${bin}:${PATH}`,
    XDPKEEP_BPFFS: lab.bpffs,
    XDPKEEP_DATA_DIR: lab.dataDir,
    XDPKEEP_CONFIG: moved('/etc/xdpkeep/config.yaml'),
  };
  let commands = 0;
  for (const [, language, body = ''] of blocks) {
    const [, file] = /^# (\/etc\/\S+)$/m.exec(body) ?? [];
    if (language === 'yaml' && file !== undefined) writeFileSync(moved(file), moved(body));
    if (language !== 'sh') continue;
    for (const command of body.trim().split('\n')) {
      const shell = ['bash', '-c', moved(command)];
      const ran = await finish(...within(lab.network.firewall, shell), { env, cwd: lab.directory });
      expect({ command, ...ran }).toMatchObject({ exitCode: 0 });
      if (command.startsWith('! ')) expect(ran.stderr).toContain('history was rewritten');
      if (command === 'xdpkeep history') expect(ran.stdout).toContain('"Begin", signed by ada@example.org');
      commands++;
    }
  }
  expect(commands).toBeGreaterThan(20);
  const { stdout } = await finish(...within(lab.network.firewall, [program, 'status']), { env });
  expect(stdout).toContain('"Begin again", signed by ada@example.org');
});

it('what it means to follow a repository without `verify` is said where `verify` first comes', () => {
  const paragraphs = readFileSync('docs/git.md', 'utf8').split('\n\n');
  const first = paragraphs.find((one) => one.includes('verify'));
  expect(first).toMatch(/Whoever may push .* without `verify` is root on every host/);
});
