// The README is run, command by command, in the order in which it stands there.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { finish, PATH, within } from '../lab/exec.js';

const readme = readFileSync('README.md', 'utf8');

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, body = '']) => body,
  );
}

it('begins with the two commands that do everything', () => {
  expect(blocks('sh')[0]).toBe('npm run demo\nnpm test\n');
});

it('every xdpkeep command works as it is written', async () => {
  await using lab = await createLab();
  await lab.exec('ip', 'link', 'set', 'veth0', 'down');
  await lab.exec('ip', 'link', 'set', 'veth0', 'name', 'ens5');
  await lab.exec('ip', 'link', 'set', 'ens5', 'up');
  const bin = join(lab.directory, 'bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'xdpkeep'),
    `#!/bin/sh\nexec ${process.execPath} ${resolve('dist/xdpkeep.js')} "$@"\n`,
  );
  chmodSync(join(bin, 'xdpkeep'), 0o755);
  const env = {
    PATH: `${bin}:${PATH}`,
    XDPKEEP_HOST: 'edge-1',
    XDPKEEP_BPFFS: lab.bpffs,
    XDPKEEP_DATA_DIR: lab.dataDir,
  };

  const commands = blocks('sh')
    .slice(1)
    .flatMap((block) => block.trim().split('\n'));
  expect(commands.length).toBeGreaterThan(10);
  expect(commands.every((command) => command.startsWith('xdpkeep '))).toBe(true);
  const [hostFile = ''] = blocks('yaml');
  for (const command of commands) {
    const { exitCode, stderr } = await finish(...within(lab.network.firewall, ['sh', '-c', command]), {
      env,
      cwd: lab.directory,
    });
    expect({ command, exitCode, stderr }).toEqual({ command, exitCode: 0, stderr: '' });
    if (command.startsWith('xdpkeep init'))
      writeFileSync(join(lab.directory, 'state/hosts/edge-1.yaml'), hostFile);
  }
  expect((await lab.netShow()).xdp).toEqual([]);
});

it('its links lead somewhere', () => {
  const targets = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, target = '']) => target);
  expect(targets.length).toBeGreaterThan(4);
  expect(targets.filter((target) => !existsSync(target))).toEqual([]);
});
