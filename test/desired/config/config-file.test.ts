import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/desired/config/config-file.js';
import { InvalidStateError } from '../../../src/model/diagnostic.js';
import { renderDiagnostics } from '../../../src/report/diagnostics.js';
import { placeAndSummary, stateDir } from '../state-dir.js';

const config = (...lines: string[]) =>
  join(stateDir({ 'config.yaml': `${lines.join('\n')}\n` }), 'config.yaml');

function refused(path: string): InvalidStateError {
  try {
    readConfig(path);
  } catch (error) {
    if (error instanceof InvalidStateError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test('the least that follows a repository, and its defaults', () => {
  expect(readConfig(config('source: {git: /srv/firewall.git}'))).toEqual({
    source: { git: '/srv/firewall.git', ref: 'main', path: 'state' },
  });
});

test('everything', () => {
  const lines = [
    'apiVersion: xdpkeep/v1',
    'kind: Config',
    'host: edge-1',
    'state: /etc/xdpkeep/state',
    'bpffs: /sys/fs/bpf',
    'dataDir: /var/lib/xdpkeep',
    'source: {git: "ssh://git@example.org/firewall.git", ref: refs/tags/v1, path: "."}',
    'verify:',
    '  allowedSigners: /etc/xdpkeep/allowed-signers',
    '  revoked: /etc/xdpkeep/revoked',
    '  allowRewind: /etc/xdpkeep/allow-rewind',
    '  scopes: [{principal: netops@example.org, paths: ["lists/**"]}]',
  ];
  expect(readConfig(config(...lines))).toMatchObject({
    host: 'edge-1',
    source: { ref: 'refs/tags/v1', path: '.' },
    verify: { revoked: '/etc/xdpkeep/revoked', scopes: [{ paths: ['lists/**'] }] },
  });
});

test.each([
  '/srv/firewall.git',
  'file:///srv/firewall.git',
  'ssh://git@example.org:2222/firewall.git',
  'git@example.org:team/firewall.git',
  'https://example.org/firewall.git',
])('a repository may be %s', (git) => {
  expect(readConfig(config(`source: {git: "${git}"}`)).source?.git).toBe(git);
});

test.each([
  'http://example.org/firewall.git',
  'git://example.org/firewall.git',
  'ext::sh -c touch% /tmp/x',
  '--upload-pack=touch /tmp/x',
  'ssh://-oProxyCommand=x/y',
  'git@-oProxyCommand=x:y',
  'https://ada:secret@example.org/firewall.git',
  'https://token@example.org/firewall.git',
  'firewall.git',
  '../firewall.git',
])('a repository may not be %s', (git) => {
  const path = config(`source: {git: "${git}"}`);
  expect(refused(path).diagnostics.map(placeAndSummary)[0]).toMatch(/config\.yaml:1:15-\d+ invalid value$/);
});

test.each<[line: string, problem: string]>([
  ['source: {git: /a, branch: main}', '1:19-25 unknown field'],
  ['source: {ref: main}', '1:1-7 missing field'],
  ['source: {git: /a, ref: a..b}', '1:24-28 invalid value'],
  ['source: {git: /a, ref: -f}', '1:24-26 invalid value'],
  ['source: {git: /a, path: ../b}', '1:25-29 invalid value'],
  ['source: {git: /a, path: /b}', '1:25-27 invalid value'],
  ['source: {git: /a, path: a/}', '1:25-27 invalid value'],
  ['verify: {allowedSigners: keys}', '1:26-30 invalid value'],
  ['verify: {}', '1:1-7 missing field'],
  ['verify: {allowedSigners: /a, scopes: [{principal: a}]}', '1:39 missing field'],
  ['host: ../x', '1:7-11 invalid value'],
  ['kind: Host', '1:7-11 invalid value'],
])('%s is refused at %s', (line, problem) => {
  const path = config(line);
  expect(refused(path).diagnostics.map(placeAndSummary)).toContain(`${path}:${problem}`);
});

test('a problem is shown with its place in the file, and what to do', () => {
  const path = config('host: edge-1', 'source:', '  git: /srv/firewall.git', '  branch: main');
  const { diagnostics, message, exitCode } = refused(path);
  expect([message, exitCode]).toEqual(['1 error in the config file', 65]);
  expect(renderDiagnostics(diagnostics, { color: false })).toBe(`error: unknown field
 --> ${path}:4:3
  |
4 |   branch: main
  |   ^^^^^^
  "branch" is none of the fields here: git, ref, path
help: Did you mean "ref"?
`);
});

test('a file that is not there is refused', () => {
  expect(refused('/nowhere/config.yaml').diagnostics).toMatchObject([
    { summary: 'cannot read file', at: { file: '/nowhere/config.yaml' } },
  ]);
});
