// The server by itself, on a socket of its own: what it answers, what it refuses, what it costs at the most.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { clientOf } from '../../src/http/connections.js';
import { Fresh } from '../../src/http/fresh.js';
import { type Route, TYPES } from '../../src/http/routes.js';
import { serve } from '../../src/http/server.js';

interface Heard {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

async function open(extra: [string, Route][] = []): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-http-'));
  const path = join(folder, 'socket');
  const page: Route = () => ({ type: TYPES.html, body: '<p>page</p>' });
  const routes = new Map([['/', page], ...extra]);
  const server = await serve({ path }, (asked) => routes.get(asked));
  onTestFinished(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  return path;
}

function ask(
  socketPath: string,
  path: string,
  method = 'GET',
  headers: Record<string, string> = {},
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += String(chunk)));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    asked.on('error', reject);
    asked.end(headers['content-length'] === undefined ? undefined : 'x');
  });
}

/** Resolves with what it heard when the other side has closed. */
function raw(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(path, () => socket.write(text));
    socket.on('data', (chunk) => (heard += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(heard);
    });
  });
}

it('a page has a strict policy, and HEAD is a page without its body', async () => {
  const path = await open();
  const got = await ask(path, '/');
  expect(got).toMatchObject({ status: 200, body: '<p>page</p>' });
  expect(got.headers['content-security-policy']).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self'/,
  );
  expect(got.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
  expect(await ask(path, '/', 'HEAD')).toMatchObject({ status: 200, body: '' });
  expect(await ask(path, '/?query=1')).toMatchObject({ status: 200 });
  expect(statSync(path).mode & 0o777).toBe(0o660);
});

it.each<[name: string, path: string, method: string, headers: Record<string, string>, status: number]>([
  ['an unknown path', '/nothing', 'GET', {}, 404],
  ['a path that climbs', '/../../etc/passwd', 'GET', {}, 404],
  ['a path that climbs in disguise', '/%2e%2e/%2e%2e/etc/passwd', 'GET', {}, 404],
  ['a name of every object', '/__proto__', 'GET', {}, 404],
  ['a long path', `/${'a'.repeat(4000)}`, 'GET', {}, 414],
  ['POST', '/', 'POST', {}, 405],
  ['DELETE', '/', 'DELETE', {}, 405],
  ['OPTIONS', '/', 'OPTIONS', {}, 405],
  ['a body', '/', 'GET', { 'content-length': '1' }, 400],
])('%s', async (_name, path, method, headers, status) => {
  expect(await ask(await open(), path, method, headers)).toMatchObject({ status });
});

it('what is no HTTP, and headers without an end, are cut off', async () => {
  const path = await open();
  expect(await raw(path, '\x16\x03\x01\x02\x00 no http\r\n\r\n')).toBe('');
  expect(await raw(path, `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}`)).toBe('');
  expect(await ask(path, '/')).toMatchObject({ status: 200 });
});

it('a client that says nothing more is let go', async () => {
  const path = await open();
  await Promise.all([
    raw(path, ''),
    raw(path, 'GET / HTT'),
    raw(path, 'GET / HTTP/1.1\r\nHost: localhost\r\n'),
  ]);
  expect(await ask(path, '/')).toMatchObject({ status: 200 });
});

it('of 500 connections a few dozen are kept, and others are answered once those are gone', async () => {
  const path = await open();
  const sockets: Socket[] = [];
  let closed = 0;
  for (let at = 0; at < 500; at++) {
    const socket = connect(path);
    socket.on('error', () => undefined);
    socket.on('close', () => closed++);
    sockets.push(socket);
  }
  await expect.poll(() => closed).toBeGreaterThanOrEqual(500 - 64);
  for (const socket of sockets) socket.destroy();
  await expect
    .poll(() =>
      ask(path, '/').then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

it('70 connections of one client keep nobody out, not even that client', async () => {
  const port = await freePort();
  const server = await serve({ host: '127.0.0.1', port }, () => () => ({
    type: TYPES.text,
    body: 'metrics',
  }));
  const sockets = Array.from({ length: 70 }, () => connect({ host: '127.0.0.1', port }));
  let closed = 0;
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.on('close', () => closed++);
  }
  try {
    await expect.poll(() => closed).toBeGreaterThanOrEqual(70 - 16);
    for (const localAddress of ['127.0.0.1', '127.0.0.2']) {
      const status = await new Promise((resolve, reject) => {
        const asked = request(
          { host: '127.0.0.1', port, path: '/metrics', localAddress, agent: false },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        asked.on('error', reject);
        asked.end();
      });
      expect(status).toBe(200);
    }
    // What has come last is still there, what was first has given way.
    expect(sockets[0]?.destroyed).toBe(true);
    expect(sockets[69]?.destroyed).toBe(false);
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.close();
  }
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::', '2001:db8:1:2'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  [undefined, ''],
])('%s is the client %s', (address, client) => {
  expect(clientOf(address)).toBe(client);
});

it('what cannot be said is said so, and later it can', async () => {
  let works = false;
  const path = await open([
    [
      '/api',
      () => {
        if (!works) throw new Error('bpftool is <gone>');
        return { type: TYPES.json, body: '{}' };
      },
    ],
  ]);
  const failed = await ask(path, '/api');
  expect(failed).toMatchObject({ status: 503, body: 'bpftool is <gone>\n' });
  expect(failed.headers['content-type']).toBe(TYPES.text);
  works = true;
  expect(await ask(path, '/api')).toMatchObject({ status: 200 });
});

it('a socket that was left behind makes room, one that answers does not, nor does a file', async () => {
  const path = await open();
  await expect(serve({ path }, () => undefined)).rejects.toMatchObject({ exitCode: 78 });
  expect(await ask(path, '/')).toMatchObject({ status: 200 });
  const file = `${path}-file`;
  writeFileSync(file, 'keep me');
  await expect(serve({ path: file }, () => undefined)).rejects.toMatchObject({ exitCode: 78 });
});

it('many readers are one question; a failure is kept no longer than an answer', async () => {
  let now = 0;
  let asked = 0;
  let answer: () => Promise<number> = () => Promise.resolve(++asked);
  const fresh = new Fresh(
    () => answer(),
    1000,
    () => now,
  );
  expect(await Promise.all(Array.from({ length: 100 }, () => fresh.get()))).toEqual(Array(100).fill(1));
  now = 999;
  expect(await fresh.get()).toBe(1);
  now = 1000;
  answer = () => Promise.reject(new Error('no'));
  await expect(fresh.get()).rejects.toThrow('no');
  now = 2000;
  answer = () => {
    throw new Error('at once');
  };
  await expect(fresh.get()).rejects.toThrow('at once');
  now = 3000;
  answer = () => Promise.resolve(++asked);
  expect(await fresh.get()).toBe(2);
});
