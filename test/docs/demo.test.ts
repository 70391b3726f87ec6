// `npm run demo` shows what it says, cleans up, and cleans up after Ctrl-C as well.
// needs: lab
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { background, finish, must } from '../lab/exec.js';

async function traces(): Promise<string[]> {
  const namespaces = (await must('ip', ['netns', 'list']))
    .split('\n')
    .filter((line) => line.startsWith('xk-demo'));
  const mounts = (await must('cat', ['/proc/mounts']))
    .split('\n')
    .filter((line) => line.includes('xdpkeep-demo'));
  return [
    ...namespaces,
    ...mounts,
    ...readdirSync(tmpdir()).filter((name) => name.startsWith('xdpkeep-demo')),
  ];
}

it('walks the story with real packets and leaves nothing', async () => {
  const { exitCode, stdout, stderr } = await finish('bash', ['scripts/demo.sh'], { timeout: 110_000 });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.match(/\d+% packet loss/g)).toEqual(['0% packet loss', '100% packet loss', '0% packet loss']);
  expect(stdout).toMatch(/icmp_drops[^\n]*\n {2}0: 4\n/);
  expect(stdout).toContain('Device or resource busy');
  expect(await traces()).toEqual([]);
});

it('cleans up after Ctrl-C', async () => {
  const demo = background('bash', ['scripts/demo.sh']);
  let said = '';
  demo.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => said).toContain('Do it');
  demo.kill('SIGINT');
  expect((await demo).exitCode).toBe(130);
  expect(await traces()).toEqual([]);
});
