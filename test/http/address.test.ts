import { expect, it } from 'vitest';
import { describeAddress, parseHttpAddress } from '../../src/http/address.js';

it.each([
  ['127.0.0.1:9470', { host: '127.0.0.1', port: 9470 }, 'http://127.0.0.1:9470/'],
  ['127.8.9.1:80', { host: '127.8.9.1', port: 80 }, 'http://127.8.9.1:80/'],
  ['localhost:1', { host: 'localhost', port: 1 }, 'http://localhost:1/'],
  ['[::1]:9470', { host: '::1', port: 9470 }, 'http://[::1]:9470/'],
  ['unix:/run/x.sock', { path: '/run/x.sock' }, 'unix:/run/x.sock'],
])('%s', (text, address, shown) => {
  expect(parseHttpAddress(text, false)).toEqual(address);
  expect(describeAddress(parseHttpAddress(text, false))).toBe(shown);
});

it.each([
  '',
  '9470',
  '127.0.0.1',
  '127.0.0.1:99999',
  '::1:9470',
  'unix:relative',
  `unix:/${'a'.repeat(120)}`,
])('refuses %j', (text) => {
  expect(() => parseHttpAddress(text, true)).toThrow(expect.objectContaining({ exitCode: 64 }));
});

it.each(['0.0.0.0:80', '[::]:80', '10.0.0.1:80', 'edge-1:80', '127.0.0.1.example.org:80'])(
  '%s is for other machines: only when that is said',
  (text) => {
    expect(() => parseHttpAddress(text, false)).toThrow(/can be reached from other machines/);
    expect(parseHttpAddress(text, true)).toMatchObject({ port: 80 });
  },
);
