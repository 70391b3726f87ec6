// Ctrl-C or a stopped unit while the compiler runs: nothing of ours stays behind.
// needs: lab
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostFile, scratch, write } from '../desired/state-dir.js';
import { background, PATH } from '../lab/exec.js';

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s ends the compiler and its helpers',
  async (signal) => {
    const folder = scratch();
    write(folder, {
      'state/hosts/edge-1.yaml': hostFile('  e: {program: {file: programs/a.bpf.c}}'),
      'state/programs/a.bpf.c': '',
      'bin/clang': `#!/bin/sh\nsleep 60 &\necho $$ $! > .xdpkeep-result/new\nmv .xdpkeep-result/new .xdpkeep-result/pids\nwait\n`,
    });
    for (const path of [folder, join(folder, 'bin/clang')]) chmodSync(path, 0o755);
    const tmp = join(folder, 'tmp');
    mkdirSync(tmp);
    const env = { PATH: `${join(folder, 'bin')}:${PATH}`, TMPDIR: tmp };
    const command = ['dist/xdpkeep.js', 'validate', '--state', join(folder, 'state')];
    const xdpkeep = background(process.execPath, command, { env });
    const told = () => join(tmp, readdirSync(tmp)[0] ?? '', 'copy/.xdpkeep-result/pids');
    await expect.poll(() => existsSync(told())).toBe(true);
    const pids = readFileSync(told(), 'utf8').trim().split(' ');
    expect(readdirSync(tmp)).toHaveLength(1);
    expect(pids.map(runs)).toEqual([true, true]);

    xdpkeep.kill(signal);
    expect(await xdpkeep).toMatchObject({ signal });
    expect(readdirSync(tmp)).toEqual([]);
    await expect.poll(() => pids.map(runs)).toEqual([false, false]);
  },
);

/** A zombie waits for its parent and runs no more. */
function runs(pid: string): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
