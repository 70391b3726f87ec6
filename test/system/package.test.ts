// The package file: the same bytes from the same source, nothing that lintian calls an error, everything in its place.
// needs: lab lintian
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { finish, must } from '../lab/exec.js';
import { BUILD_TIME, makePackage } from './deb.js';

let folder: string;
let deb: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), `${inject('run')}-package-`));
  chmodSync(folder, 0o755);
  deb = await makePackage(join(folder, 'one'));
}, BUILD_TIME);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('two builds give the same bytes', { timeout: BUILD_TIME }, async () => {
  const again = await makePackage(join(folder, 'two'), {
    TZ: 'Asia/Tokyo',
    TMPDIR: folder,
    LC_ALL: 'C.UTF-8',
  });
  expect(readFileSync(again).equals(readFileSync(deb))).toBe(true);
});

it('lintian finds neither an error nor a warning', async () => {
  const args = ['--fail-on', 'error,warning', '--allow-root', deb];
  const { exitCode, stdout } = await finish('lintian', args, { timeout: 290_000 });
  expect(stdout).toBe('');
  expect(exitCode).toBe(0);
});

it('holds what a host needs, and runs from there', async () => {
  const root = join(folder, 'root');
  await must('dpkg-deb', ['--extract', deb, root]);
  const files = (await must('dpkg-deb', ['--contents', deb])).split('\n').map((line) => line.split(' ./')[1]);
  for (const path of [
    'usr/bin/xdpkeep',
    'usr/lib/xdpkeep/confine.js',
    'usr/lib/xdpkeep/bpf/firewall.bpf.o',
    'usr/lib/xdpkeep/schema/host.schema.json',
    'usr/lib/xdpkeep/page/index.html',
    'lib/systemd/system/xdpkeep.timer',
    'lib/systemd/system/xdpkeep-boot.service.d/sandbox.conf',
    'lib/udev/rules.d/99-xdpkeep.rules',
    'usr/share/man/man8/xdpkeep.8.gz',
    'usr/share/man/man5/xdpkeep-state.5.gz',
    'usr/share/bash-completion/completions/xdpkeep',
    'usr/share/zsh/vendor-completions/_xdpkeep',
    'usr/share/fish/vendor_completions.d/xdpkeep.fish',
    'usr/share/doc/xdpkeep/examples/drop-icmp/hosts/edge-1.yaml',
  ]) {
    expect(files).toContain(path);
  }
  const lib = join(root, 'usr/lib/xdpkeep');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await must(join(lib, 'node'), [join(lib, 'xdpkeep.js'), '--version'])).toBe(version);
  expect(await must(join(lib, 'node'), ['--version'])).toMatch(/^v24\./);
  const naming = await finish('grep', [
    '--recursive',
    '--files-with-matches',
    '--fixed-strings',
    process.cwd(),
    root,
  ]);
  expect(naming.stdout, 'what was built elsewhere is the same').toBe('');
});
