// The units are clean under `systemd-analyze verify`, in a root of their own that holds what they name.
// needs: lab systemd
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { finish } from '../lab/exec.js';

/** All that change the kernel. */
const SANDBOXED = [
  'xdpkeep.service',
  'xdpkeep-boot.service',
  'xdpkeep-interface@.service',
  'xdpkeep-watch.service',
];

it('systemd-analyze finds nothing wrong', async () => {
  const root = mkdtempSync(join(tmpdir(), 'xdpkeep-units-'));
  try {
    const units = join(root, 'etc/systemd/system');
    mkdirSync(units, { recursive: true });
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    mkdirSync(join(root, 'lib/systemd/system'), { recursive: true });
    const names = readdirSync('systemd').filter((name) => /\.(service|timer)$/.test(name));
    for (const name of names) cpSync(join('systemd', name), join(units, name));
    for (const name of SANDBOXED) {
      mkdirSync(join(units, `${name}.d`));
      cpSync('systemd/sandbox.conf', join(units, `${name}.d/sandbox.conf`));
    }
    for (const target of readdirSync('/lib/systemd/system').filter((name) => name.endsWith('.target'))) {
      cpSync(join('/lib/systemd/system', target), join(root, 'lib/systemd/system', target), {
        dereference: true,
      });
    }
    mkdirSync(join(root, 'bin'));
    for (const program of ['usr/bin/xdpkeep', 'bin/kill']) {
      writeFileSync(join(root, program), '#!/bin/sh\n');
      chmodSync(join(root, program), 0o755);
    }
    const verify = ['verify', '--man=no', `--root=${root}`, ...names];
    expect(await finish('systemd-analyze', verify)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });

    writeFileSync(join(units, 'xdpkeep.timer'), '[Timer]\nOnBootSec=soon\n');
    const broken = await finish('systemd-analyze', verify);
    expect(broken.exitCode === 0 && broken.stderr === '').toBe(false);
  } finally {
    rmSync(root, { recursive: true });
  }
});
