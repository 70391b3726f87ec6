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
      'bin/clang': `#!/bin/sh\nsleep 60 &\necho $$ $! > ${folder}/pids.new\nmv ${folder}/pids.new ${folder}/pids\nwait\n`,
    });
    chmodSync(join(folder, 'bin/clang'), 0o755);
    const tmp = join(folder, 'tmp');
    mkdirSync(tmp);
    const env = { PATH: `${join(folder, 'bin')}:${PATH}`, TMPDIR: tmp };
    const command = ['dist/xdpkeep.js', 'validate', '--state', join(folder, 'state')];
    const xdpkeep = background(process.execPath, command, { env });
    await expect.poll(() => existsSync(join(folder, 'pids'))).toBe(true);
    const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split(' ');
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
