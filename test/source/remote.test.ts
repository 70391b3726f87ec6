import { expect, it } from 'vitest';
import { remoteOf } from '../../src/source/remote.js';

it.each([
  ['ssh://git@git.example.org/state.git', { host: 'git.example.org', port: 22 }],
  ['ssh://git@git.example.org:2222/state.git', { host: 'git.example.org', port: 2222 }],
  ['ssh://[2001:db8::1]:2222/state.git', { host: '2001:db8::1', port: 2222 }],
  ['https://git.example.org/state.git', { host: 'git.example.org', port: 443 }],
  ['https://git.example.org:8443/state.git', { host: 'git.example.org', port: 8443 }],
  ['git@git.example.org:team/state.git', { host: 'git.example.org', port: 22 }],
  ['git@[2001:db8::1]:state.git', { host: '2001:db8::1', port: 22 }],
  ['forge:state.git', { host: 'forge', port: 22 }],
  ['file:///srv/state.git', undefined],
  ['/srv/state:1.git', undefined],
])('%s', (git, remote) => {
  expect(remoteOf(git)).toEqual(remote);
});
