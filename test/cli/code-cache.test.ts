// dist/code/ saves time and decides nothing: without it, or with another one, the program does the same.
// needs: lab
import { appendFileSync, cpSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from '../desired/state-dir.js';
import { finish, must } from '../lab/exec.js';

const CODE = `code/${process.version}-${process.arch}`;
const VALID = { exitCode: 0, stdout: expect.stringContaining('valid: 1 host') as string, stderr: '' };

test('V8 takes the code that the build made', async () => {
  const ask = `
    const { readFileSync } = require('node:fs');
    const source = readFileSync('dist/program.cjs', 'latin1');
    const cachedData = readFileSync('dist/${CODE}').subarray(32);
    process.stdout.write(String(new (require('node:vm').Script)(source, { cachedData }).cachedDataRejected));`;
  expect(await must(process.execPath, ['-e', ask])).toBe('false');
});

test.each<[string, (dist: string) => void]>([
  [
    'is not there',
    (dist) => {
      rmSync(join(dist, CODE));
    },
  ],
  [
    'is empty',
    (dist) => {
      truncateSync(join(dist, CODE));
    },
  ],
  [
    'is cut off',
    (dist) => {
      truncateSync(join(dist, CODE), 100_000);
    },
  ],
  [
    'is damaged',
    (dist) => {
      damage(join(dist, CODE));
    },
  ],
  [
    'was made of another bundle',
    (dist) => {
      appendFileSync(join(dist, 'program.cjs'), '\n');
    },
  ],
])('nothing depends on code that %s', async (_name, spoil) => {
  const dist = join(scratch(), 'dist');
  cpSync('dist', dist, { recursive: true });
  spoil(dist);
  const command = [join(dist, 'xdpkeep.js'), 'validate', '--state', 'examples/drop-icmp'];
  expect(await finish(process.execPath, command)).toMatchObject(VALID);
});

/** Makes the code of a copy of dist/ anew. */
async function makeCode(...before: string[]): Promise<{ stderr: string; bytes: number }> {
  const folder = scratch();
  const [dist, script] = [join(folder, 'dist'), join(folder, 'code-cache.mjs')];
  cpSync('dist', dist, { recursive: true });
  cpSync('scripts/code-cache.mjs', script);
  rmSync(join(dist, 'code'), { recursive: true });
  await must('chmod', ['-R', 'go+rwX', folder]);
  const { exitCode, stderr } = await finish('env', [...before, process.execPath, script, dist]);
  expect(exitCode, stderr).toBe(0);
  return { stderr, bytes: statSync(join(dist, CODE)).size };
}

test('a root that may not attach is told, in one line, that less is in the code; others are not', async () => {
  const whole = await makeCode();
  expect(whole.stderr).toBe('');
  const cut = await makeCode('setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin');
  expect(cut.stderr).toMatch(/^code-cache: nothing was attached .*: unshare: .*Operation not permitted$/);
  const user = await makeCode('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups');
  expect(user.stderr).toBe('');
  for (const { bytes } of [cut, user]) expect(bytes).toBeLessThan(whole.bytes);
});

/** Every thousandth byte, the seal left as it is. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  for (let at = 64; at < bytes.length; at += 1000) bytes[at] = ~(bytes[at] ?? 0);
  writeFileSync(file, bytes);
}
