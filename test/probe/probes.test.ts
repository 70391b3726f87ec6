// Probes against real servers in a namespace of their own.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
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
