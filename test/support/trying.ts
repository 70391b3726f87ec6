// A host whose rules ask about connections, tried out: it asks the world by real sockets and is answered, and strangers stay out.
// needs: lab
import { expect } from 'vitest';
import type { Status } from '../../src/model/status.js';
import type { PacketFields } from '../../src/policy/fields/field.js';
import type { Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { ANSWER, askFor, serve } from './datagrams.js';
import { document } from './host.js';
import { counts } from './policies.js';
import { ECHO, talkFrom } from './streams.js';

/** Bytes of an answer that takes several fragments. */
export const LONG = 4000;

/** A stranger who takes what he sends for an answer: to ports from which nothing was asked. */
export async function strangersStayOut(lab: Lab, name: string): Promise<void> {
  await graceIsOver(lab);
  const source = ip('203.0.113.66');
  await using through = await lab.capture(name);
  await lab.send({ protocol: 17, source, sourcePort: 53, destinationPort: 40_001 }, 3, name);
  await lab.send({ protocol: 6, source, sourcePort: 443, destinationPort: 40_001, tcpFlags: 16 }, 3, name);
  await lab.send({ protocol: 6, source, sourcePort: 443, destinationPort: 40_001, tcpFlags: 2 }, 3, name);
  await lab.send({ protocol: 1, source, icmpType: 0 }, 3, name);
  await expect.poll(async () => (await counts(lab, name))['(default)'] ?? 0).toBeGreaterThanOrEqual(12);
  expect(through.packets.filter((one) => isFrom(one, '203.0.113.66'))).toEqual([]);
}

/** Until then TCP in its middle comes in from anybody. */
async function graceIsOver(lab: Lab): Promise<void> {
  const left = async () =>
    document<Status>(await lab.run(['status', '--output', 'json']), 0).connections?.grace?.left;
  await expect.poll(left, { timeout: 60_000, interval: 500 }).toBeOneOf([0, undefined]);
}

/** The host asks over UDP and TCP, by both families, and is answered. */
export async function asks(lab: Lab, name: string): Promise<void> {
  const { peerAddress, peerAddress6 } = lab.pair(name);
  for (const address of [peerAddress, peerAddress6]) {
    await using _answer = await serve(lab, ANSWER, address, 7053, LONG);
    await using _echo = await serve(lab, ECHO, address, 7007);
    expect(await askFor(lab, address, 7053)).toHaveLength(LONG);
    expect(await talkFrom(lab.network.firewall, address, 7007)).toBe('hello');
  }
  expect(await askFor(lab, peerAddress, 7054), 'the error about a datagram of ours').toBe('ECONNREFUSED');
}

export function isFrom({ source }: PacketFields, address: string): boolean {
  return [...(source ?? [])].join('.') === address;
}
