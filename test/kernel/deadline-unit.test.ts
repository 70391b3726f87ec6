// A process that systemd starts for a connection waits for the deadline of whoever connected: the real command, with the
// connection as its stdin, as systemd hands it over. test/system has the real units.
// needs: lab
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askDeadlineUnit } from '../../src/kernel/deadline-unit.js';
import { monotonicNow } from '../../src/kernel/boot.js';
import { createLab, type Lab } from '../lab.js';

const ARGS = ['cancel', '--at-deadline', 'asked', '--allow-foreign-owner'];

/** As a socket unit with Accept=yes. Where it listens, and how each process ended. */
async function listen(lab: Lab): Promise<{ path: string; ended: Promise<number | null>[]; said: string[] }> {
  const path = join(lab.directory, 'deadline');
  const ended: Promise<number | null>[] = [];
  const said: string[] = [];
  const server = createServer({ pauseOnConnect: true }, (connection: Socket) => {
    const child = spawn(process.execPath, [resolve('dist/xdpkeep.js'), ...ARGS], {
      stdio: [connection, 'ignore', 'pipe'],
    });
    connection.destroy();
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    ended.push(new Promise((done) => child.on('exit', done)));
    onTestFinished(() => void child.kill('SIGKILL'));
  });
  await new Promise<void>((done) => server.listen(path, done));
  onTestFinished(() => {
    server.close();
  });
  return { path, ended, said };
}

test('it says who waits, and ends when there is nothing to wait for', async () => {
  await using lab = await createLab();
  const { path, ended } = await listen(lab);
  const { bpffs, dataDir } = lab;
  mkdirSync(dataDir);
  const pid = await askDeadlineUnit({ id: 'ab12', at: monotonicNow() + 1000, bpffs, dataDir }, path);
  expect(pid, String(pid)).toBeTypeOf('number');
  process.kill(Number(pid), 0);
  expect(await ended[0]).toBe(0);
});

test('a deadline that would look elsewhere is none', async () => {
  await using lab = await createLab();
  const { path, ended, said } = await listen(lab);
  const request = { id: 'ab12', at: 5, bpffs: lab.bpffs, dataDir: lab.directory, where: 'net:[1] 2:3 4:5' };
  const asking = connect(path);
  asking.write(`${JSON.stringify(request)}\n`);
  const answer = await new Promise<string>((done) =>
    asking.once('data', (chunk) => {
      done(chunk.toString());
    }),
  );
  expect(answer).toBe('it is in another network namespace, or sees other files, than the client\n');
  expect(await ended[0]).toBe(64);
  expect(said.join('')).toContain('the deadline is refused: it is in another network');
});

test.each([
  'rm -rf /',
  '{"id":"ab12","at":5,"bpffs":"/","dataDir":"/","where":"x","more":1}',
  '{"id":"../x"}',
])('it does nothing else that it is asked: %s', async (text) => {
  await using lab = await createLab();
  const { path, ended } = await listen(lab);
  const asking = connect(path);
  asking.write(`${text}\n`);
  const answer = await new Promise<string>((done) =>
    asking.once('data', (chunk) => {
      done(chunk.toString());
    }),
  );
  expect(answer).toBe('the request is not a deadline\n');
  expect(await ended[0]).toBe(64);
});

test('who does not answer is said', async () => {
  const request = { id: 'ab12', at: 5, bpffs: '/', dataDir: '/' };
  expect(await askDeadlineUnit(request, '/nowhere/socket')).toMatch(/^\/nowhere\/socket: .*ENOENT/);
});
