// What must be seen to believe the README of each example whose rules ask about connections: real sockets on both ends, and strangers.
// needs: iptables lab
import { expect } from 'vitest';
import type { PacketDescription } from '../../src/model/policy.js';
import type { Lab } from '../lab.js';
import { putBehind } from '../lab/behind.js';
import { connect, ip } from '../lab/traffic.js';
import { asks, isFrom, LONG, strangersStayOut } from '../support/trying.js';
import { ANSWER, askFrom, serve, serveIn } from '../support/datagrams.js';
import { counts } from '../support/policies.js';
import { ECHO, talkFrom } from '../support/streams.js';

export const ENS5 = 'ens5';

export const CONNECTION_PROMISES: Record<string, (lab: Lab) => Promise<void>> = {
  'default-deny-web-server': async (lab) => {
    await using web = await lab.converse(ENS5, 80);
    expect(await web.say('GET /')).toBe('GET /');
    expect([await lab.connect(443, ENS5), await lab.connect6(443, ENS5)]).toEqual(['refused', 'refused']);
    expect([await lab.connect(81, ENS5), await lab.connect6(81, ENS5)]).toEqual(['silence', 'silence']);
    await asks(lab, ENS5);
    await strangersStayOut(lab, ENS5);
    const ssh = { protocol: 6, destinationPort: 22, tcpFlags: 2 };
    await arrives(lab, ssh, { '198.51.100.7': true, '10.9.9.9': true, '203.0.113.9': false });
    expect(await counts(lab, ENS5)).toMatchObject({ ssh: 3 });
    expect([await lab.ping(2, ENS5), await lab.ping6(2, ENS5)]).toMatchObject([
      { received: 2 },
      { received: 2 },
    ]);
    await lab.send({ protocol: 1, icmpType: 8, source: ip('198.51.100.1') }, 64, ENS5);
    const { ping = 0, ping6 } = await counts(lab, ENS5);
    expect(ping6).toBe(2);
    expect(ping, 'two, and the burst of another source').toBeGreaterThanOrEqual(12);
    expect(ping, 'the rest is above the rate').toBeLessThan(60);
    expect(await web.say('still there')).toBe('still there');
  },
  resolver: async (lab) => {
    const { address, address6 } = lab.pair(ENS5);
    const { outside, firewall } = lab.network;
    await using _four = await serveIn(firewall, ANSWER, address, 53, 5);
    await using _tcp = await serveIn(firewall, ECHO, address, 53);
    expect(await askFrom(outside, address, 53)).toBe('aaaaa');
    expect(await talkFrom(outside, address, 53)).toBe('hello');
    await using _six = await serveIn(firewall, ANSWER, address6, 53, 5);
    expect(await askFrom(outside, address6, 53), 'not one of clients.txt').toBe('silence');
    await asks(lab, ENS5);
    await strangersStayOut(lab, ENS5);
    await lab.send({ protocol: 17, source: ip('203.0.113.9'), destinationPort: 53 }, 3, ENS5);
    await expect.poll(async () => (await counts(lab, ENS5))['strangers']).toBeGreaterThanOrEqual(4);
    expect(await lab.ping(2, ENS5)).toMatchObject({ received: 2 });
  },
  laptop: async (lab) => {
    const { peerAddress } = lab.pair(ENS5);
    await asks(lab, ENS5);
    const pings = await lab.exec('ping', '-n', '-q', '-c', '2', '-i', '0.1', '-W', '2', peerAddress);
    expect(pings).toContain('2 received');
    for (const port of [22, 445]) {
      await using _open = await serveIn(lab.network.firewall, ECHO, '0.0.0.0', port);
      expect(await lab.connect(port, ENS5)).toBe('silence');
    }
    await strangersStayOut(lab, ENS5);
    expect(await lab.ping(3, ENS5)).toMatchObject({ received: 3 });
  },
  router: async (lab) => {
    await using behind = await putBehind(lab, 'ens6', ENS5);
    const { outside } = lab.network;
    const { peerAddress: world, peerAddress6: world6 } = lab.pair(ENS5);
    const { peerAddress: host, peerAddress6: host6 } = lab.pair('ens6');
    const fromBehind = async () => {
      for (const address of [world, world6]) {
        await using _answer = await serve(lab, ANSWER, address, 7053, LONG);
        await using _echo = await serve(lab, ECHO, address, 7007);
        expect(await askFrom(behind.namespace, address, 7053)).toHaveLength(LONG);
        expect(await talkFrom(behind.namespace, address, 7007)).toBe('hello');
      }
    };
    await fromBehind();
    await asks(lab, ENS5); // the router itself
    await using _web = await serveIn(behind.namespace, ECHO, host, 443);
    await using _hidden = await serveIn(behind.namespace, ECHO, host, 22);
    await using _hidden6 = await serveIn(behind.namespace, ECHO, host6, 22);
    expect(await talkFrom(outside, host, 443)).toBe('hello');
    for (const address of [host, host6]) expect(await connect(lab.network, address, 22)).toBe('silence');
    await strangersStayOut(lab, ENS5);
    await lab.exec('iptables', '-w', '-t', 'nat', '-A', 'POSTROUTING', '-o', ENS5, '-j', 'MASQUERADE');
    await fromBehind();
    expect(await connect(lab.network, host, 22)).toBe('silence');
  },
};

/** Sends a packet from each source three times, and sees whose get through. */
export async function arrives(
  lab: Lab,
  packet: PacketDescription,
  sources: Record<string, boolean>,
): Promise<void> {
  await using through = await lab.capture(ENS5);
  for (const source of Object.keys(sources)) await lab.send({ ...packet, source: ip(source) }, 3, ENS5);
  // Each of these policies passes it; all that was sent before it has been decided when it arrives.
  const last = { protocol: 6, destinationPort: 443, tcpFlags: 2, source: ip('192.0.2.123') };
  await lab.send(last, 1, ENS5);
  const count = (source: string) => through.packets.filter((one) => isFrom(one, source)).length;
  await expect.poll(() => count('192.0.2.123')).toBe(1);
  for (const [source, passes] of Object.entries(sources)) expect(count(source), source).toBe(passes ? 3 : 0);
}
