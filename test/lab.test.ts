import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLab } from './lab.js';
import { finish, listening } from './lab/exec.js';

test('packets get through, a drop program stops pings, a conversation goes on', async () => {
  await using lab = await createLab();
  await using conversation = await lab.converse();
  expect(await conversation.say('before')).toBe('before');
  expect(await lab.ping(4)).toEqual({ sent: 4, received: 4 });
  await lab.attachForeign('veth0');
  expect(await lab.ping(4)).toEqual({ sent: 4, received: 0 });
  expect(await conversation.say('after')).toBe('after');
});

test('a flood without a program gets through to the stack, and with one it does not', async () => {
  await using lab = await createLab();
  const before = await lab.icmpReceived();
  await using open = await lab.flood({ frames: 20_000, seconds: 120 });
  expect(await open.done()).toBe(20_000);
  const after = await lab.icmpReceived();
  expect(after - before).toBeGreaterThan(10_000);
  await lab.attachForeign('veth0');
  await using closed = await lab.flood({ frames: 20_000, seconds: 120 });
  expect(await closed.done()).toBe(20_000);
  expect(await lab.icmpReceived()).toBe(after);
});

test('a process that is left behind is residue', async () => {
  const lab = await createLab();
  const sleeper = lab.exec('sleep', '20').catch(String);
  await expect.poll(() => lab.exec('ip', 'netns', 'pids', lab.name)).toMatch(/\d+\n\d+/);
  await expect(lab[Symbol.asyncDispose]()).rejects.toThrow(/left behind: .*process \d+/);
  expect(await sleeper).toContain('exit none');
});

test('what is started has an empty home and nothing to read, and takes no file of a home for its own', async () => {
  await using lab = await createLab();
  const look = 'ls -A ~; readlink /proc/self/fd/0; cat';
  expect(await lab.exec('bash', '-c', look)).toBe('/dev/null');
  expect(await lab.execOutside('bash', '-c', look)).toBe('/dev/null');
  // bash reads it where its stdin is a socket.
  writeFileSync(join(lab.directory, '.bashrc'), `touch ${lab.directory}/was-read`);
  const env = { HOME: lab.directory };
  await finish('bash', ['-c', 'true'], { env });
  await finish('bash', ['-c', 'cat'], { env, input: 'x' });
  const listener = listening('bash', ['-c', 'cat'], { env });
  listener.stdin.end();
  await listener;
  expect(await lab.exec('ls', '-A', lab.directory)).not.toContain('was-read');
});

test('a test that hangs is closed when its time is up, and one that leaves something open fails', async () => {
  await using lab = await createLab();
  const report = join(lab.directory, 'report.json');
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/lab/hanging/vitest.config.ts'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { exitCode, stdout, stderr } = await finish(process.execPath, [...vitest, ...reporters]);
  expect(exitCode).toBe(1);
  expect(stdout + stderr).toContain('Test timed out in ');
  expect(stdout + stderr).not.toContain('left behind');
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const said = testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ title, status, failureMessages }) => [title, status, failureMessages.join()]),
  );
  expect(said).toEqual([
    ['hangs', 'failed', expect.anything()],
    ['is not in the way of the next test', 'passed', ''],
    [
      'passes and leaves something running',
      'failed',
      expect.stringMatching(/left open: process \d+ \(sleep\)/),
    ],
  ]);
});

/** Of `--reporter=json`. */
interface Report {
  testResults: { assertionResults: { title: string; status: string; failureMessages: string[] }[] }[];
}
