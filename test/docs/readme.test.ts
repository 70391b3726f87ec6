// The README is run, command by command, in the order in which it stands there.
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { finish, PATH, within } from '../lab/exec.js';
import { binFolder } from '../support/command.js';

const readme = readFileSync('README.md', 'utf8');

interface Block {
  language: string;
  body: string;
}

/** In the order in which they stand there. */
const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
  ([, language = '', body = '']): Block => ({ language, body }),
);

it('begins with the two commands that do everything', () => {
  expect(blocks[0]).toEqual({ language: 'sh', body: 'npm run demo\nnpm test\n' });
});

it('every xdpkeep command works as it is written, with the files that stand before it', async () => {
  await using lab = await createLab({ pairs: ['ens5'] });
  const env = {
    PATH: `${binFolder(lab)}:${PATH}`,
    XDPKEEP_HOST: 'edge-1',
    XDPKEEP_BPFFS: lab.bpffs,
    XDPKEEP_DATA_DIR: lab.dataDir,
  };

  let commands = 0;
  const cwd = lab.directory;
  for (const { language, body } of blocks.slice(1)) {
    const [, file] = /^# (state\/\S+)$/m.exec(body) ?? [];
    if (language === 'yaml' && file !== undefined) writeFileSync(join(cwd, file), body);
    if (language !== 'sh') continue;
    for (const command of body.trim().split('\n')) {
      expect(command).toMatch(/^xdpkeep /);
      const ran = await finish(...within(lab.network.firewall, ['sh', '-c', command]), { env, cwd });
      expect({ command, ...ran }).toMatchObject({ exitCode: 0, stderr: '' });
      commands++;
    }
  }
  expect(commands).toBeGreaterThan(18);
  expect((await lab.netShow()).xdp).toEqual([]);
});

it('names the kernels that `doctor` names', () => {
  const tried = /^const TRIED = '(.+)';$/m.exec(readFileSync('src/doctor/policy-loads.ts', 'utf8'))?.[1];
  expect(tried).toMatch(/^6\.1, /);
  expect(readme.replaceAll('\n', ' ')).toContain(`Policies were tried on Linux ${tried ?? ''};`);
});

it('its links lead somewhere', () => {
  const targets = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, target = '']) => target);
  expect(targets.length).toBeGreaterThan(4);
  expect(targets.filter((target) => !existsSync(target))).toEqual([]);
});

it('the program runs through a link, as the readme makes one', async () => {
  await using lab = await createLab();
  const link = join(lab.directory, 'xdpkeep');
  symlinkSync(resolve('dist/xdpkeep.js'), link);
  const ran = await finish(link, ['--version']);
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  expect(ran.stdout).toMatch(/^\d+\.\d+\.\d+$/);
});
