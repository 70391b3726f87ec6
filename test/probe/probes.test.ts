// Probes against real servers in a namespace of their own.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { permitExecProbes } from '../../src/probe/permission.js';
import type { Probe, ProbeTarget } from '../../src/model/safeguards.js';
import { askAfter, askBefore } from '../../src/probe/probes.js';
import { createLab } from '../lab.js';

const probe = (target: ProbeTarget, change: Partial<Probe> = {}): Probe => ({
  target,
  timeout: 30_000,
  tries: 1,
  ...change,
});

it('http holds with a status from 200 to 399, and nothing else', async () => {
  await using lab = await createLab();
  await lab.inside(async () => {
    const server = createServer(({ url }, response) => {
      if (url === '/silent') return;
      response.writeHead(Number(url?.slice(1)), { location: '/elsewhere' }).end('x'.repeat(1 << 20));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const paths = ['200', '302', '404', '500', 'silent'];
    const asked = paths.map((path) => {
      const target: ProbeTarget = { kind: 'http', url: `http://127.0.0.1:${port}/${path}` };
      return probe(target, path === 'silent' ? { timeout: 1000 } : {});
    });
    const reports = await askBefore(asked);
    expect(reports.map(({ heldBefore }) => heldBefore)).toEqual([true, true, false, false, false]);
    expect(reports.slice(2).map(({ detail }) => detail)).toEqual(['status 404', 'status 500', 'no answer']);
    server.closeAllConnections();
    server.close();
  });
});

it('dns holds when the name has an address', async () => {
  await using lab = await createLab();
  await lab.inside(async () => {
    const server = nameServer({ 'there.example': '192.0.2.7' });
    server.bind(53, '127.0.0.1');
    await once(server, 'listening');
    const ask = (name: string) => probe({ kind: 'dns', name, server: '127.0.0.1' });
    const reports = await askBefore([ask('there.example'), ask('gone.example')]);
    expect(reports.map(({ heldBefore }) => heldBefore)).toEqual([true, false]);
    expect(reports[1]?.detail).toContain('ENOTFOUND');
    server.close();
  });
});

beforeEach(() => {
  permitExecProbes(true);
});

it('a command is not run unless this host allows it', async () => {
  permitExecProbes(false);
  const command = probe({ kind: 'exec', command: ['/bin/true'] });
  await expect(askBefore([command])).rejects.toThrow('probe exec /bin/true may not be run');
});

it('a command is nobody, without capabilities, without a way to get any, in a mount namespace of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-probe-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  chmodSync(folder, 0o777);
  const script = join(folder, 'hostile');
  const tries = [
    'id -u; id -g; id -G',
    "sed -n 's/^\\(Cap...\\|NoNewPrivs\\|Groups\\):\\s*/\\1 /p' /proc/self/status",
    'readlink /proc/self/ns/mnt',
    ...[
      'cat /etc/shadow',
      'ls /root',
      'ls /proc/1/root/',
      'cat /proc/1/environ',
      'su -c id root',
      'mount -t tmpfs x /mnt',
    ],
    ...['echo > /etc/planted', 'systemd-run --wait true', `kill -0 ${process.pid}`, 'unshare --mount true'],
  ];
  const text = tries.map(
    (one) => `( ${one} ) >> ${folder}/said 2>/dev/null || echo refused >> ${folder}/said`,
  );
  writeFileSync(script, `#!/bin/sh\n${text.join('\n')}\nexit 0\n`, { mode: 0o755 });
  const [report] = await askBefore([probe({ kind: 'exec', command: [script] }, { timeout: 20_000 })]);
  expect(report).toMatchObject({ heldBefore: true });
  const said = readFileSync(join(folder, 'said'), 'utf8').trim().split('\n');
  expect(said.slice(0, 3)).toEqual(Array(3).fill(expect.stringMatching(/^18\d{8}$/)));
  expect(said.filter((line) => line.startsWith('Cap'))).toHaveLength(5);
  expect(said.filter((line) => /^Cap\w+ (?!0+$)/.test(line))).toEqual([]);
  expect(said).toContain('NoNewPrivs 1');
  expect(said.find((line) => line.startsWith('mnt:'))).not.toBe(readlinkSync('/proc/self/ns/mnt'));
  expect(said.slice(said.findIndex((line) => line.startsWith('mnt:')) + 1)).toEqual(
    Array(10).fill('refused'),
  );
});

it('after a change only those are asked that held, and the first that fails for good ends it for all', async () => {
  const no = probe({ kind: 'exec', command: ['/bin/false'] });
  const yes = probe({ kind: 'exec', command: ['/bin/true'] });
  const never = new AbortController().signal;
  const before = await askBefore([no, yes]);
  expect(await askAfter([no, yes], before, never)).toBeUndefined();
  expect(before.map(({ heldAfter }) => heldAfter)).toEqual([undefined, true]);

  const slow = probe({ kind: 'exec', command: ['/bin/sleep', '600'] }, { timeout: 60_000 });
  const reports = [slow, no].map(() => ({ probe: 'x', heldBefore: true }));
  expect(await askAfter([slow, no], reports, never)).toMatch(
    /^probe x held before the change and fails after it/,
  );
});

/** Answers questions for A and AAAA (RFC 1035), over UDP. */
function nameServer(addresses: Record<string, string>): Socket {
  const server = createSocket('udp4');
  server.on('message', (question, { port, address }) => {
    const end = question.indexOf(0, 12) + 5;
    const name = readName(question);
    const found = question.readUInt16BE(end - 4) === 1 ? addresses[name] : undefined;
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(name in addresses ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(found === undefined ? 0 : 1, 6);
    head.writeUInt32BE(0, 8);
    const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...(found ?? '').split('.').map(Number)];
    const answer = [head, question.subarray(12, end), ...(found === undefined ? [] : [Buffer.from(record)])];
    server.send(Buffer.concat(answer), port, address);
  });
  return server;
}

function readName(question: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; question[at] !== 0;) {
    const length = question[at] ?? 0;
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return labels.join('.');
}
