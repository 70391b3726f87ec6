// What Linux takes for IP never passes for something else. Frames of every encapsulation are sent to real sockets: first without
// a filter, so that the kernel itself says which of them it opens, then under policies that let none of them in.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { listenFor, type Listeners, sendFrames } from '../lab/wire.js';
import { ip, mergePackets } from '../lab/traffic.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { concat } from '../../src/policy/packet/bytes.js';
import { steady } from '../lab/pace.js';
import { hostFile, reconcile } from '../support/host.js';
import { counts, policyFile, type Written } from '../support/policies.js';

type Frame = Uint8Array;

/** What stands between the MAC addresses and the EtherType, as 16-bit numbers. */
function before(frame: Frame, ...words: number[]): Frame {
  const bytes = words.flatMap((word) => [word >> 8, word & 0xff]);
  return concat([frame.subarray(0, 12), Uint8Array.from(bytes), frame.subarray(12)]);
}

function tagged(frame: Frame, tags: [type: number, tci: number][]): Frame {
  return before(frame, ...tags.flat());
}

/** Another EtherType, and words between it and the IP packet. */
function instead(frame: Frame, ...words: number[]): Frame {
  const bytes = words.flatMap((word) => [word >> 8, word & 0xff]);
  return concat([frame.subarray(0, 12), Uint8Array.from(bytes), frame.subarray(14)]);
}

const [Q, AD] = [0x8100, 0x88a8];
const PRIORITIES = [0, 0x2000, 0xe000, 0x1000]; // id 0, with and without a priority or the mark that it may be dropped

/** Name -> makes it of a plain frame. */
const SHAPES: Record<string, (plain: Frame) => Frame> = {
  plain: (plain) => plain,
  ...Object.fromEntries(
    [1, 2, 3, 4, 7].flatMap((count) =>
      Object.entries({ Q: [Q], AD: [AD], both: [AD, Q], otherwise: [Q, AD] }).flatMap(([name, types]) =>
        PRIORITIES.map((tci): [string, (plain: Frame) => Frame] => [
          `${count} ${name} ${tci.toString(16)}`,
          (plain) =>
            tagged(
              plain,
              Array.from({ length: count }, (_, at) => [types[at % types.length] ?? Q, tci]),
            ),
        ]),
      ),
    ),
  ),
  SNAP: (plain) => before(plain, plain.length - 6, 0xaaaa, 0x0300, 0x0000),
  'SNAP, bridged': (plain) => before(plain, plain.length - 6, 0xaaaa, 0x0300, 0x00f8),
  'SNAP behind a tag': (plain) => before(plain, Q, 0, plain.length - 6, 0xaaaa, 0x0300, 0x0000),
  '802.2 IP': (plain) => instead(plain, plain.length - 11, 0x0606, 0x0300),
  '802.3 raw': (plain) => instead(plain, plain.length - 14, 0xffff),
  'MPLS explicit null': (plain) => instead(plain, 0x8847, 0x0000, 0x0140),
  'PPPoE session': (plain) => instead(plain, 0x8864, 0x1100, 0x0001, plain.length - 12, 0x0021),
  'Ethernet in Ethernet': (plain) => concat([plain.subarray(0, 12), Uint8Array.of(0x65, 0x58), plain]),
  HSR: (plain) => before(plain, 0x892f, 0x1000 | (plain.length - 12), 1),
  'provider backbone': (plain) =>
    concat([plain.subarray(0, 12), Uint8Array.of(0x88, 0xe7, 0, 0, 0, 1), plain]),
  MACsec: (plain) => before(plain, 0x88e5, 0x0000, 0x0000, 0x0001),
};
const NAMES = Object.keys(SHAPES);
const FAMILIES = [4, 6] as const;
const TAGS = NAMES.filter((name) => /^\d/.test(name) && !name.startsWith('802'));

/** All shapes of both families; what carries one says which by its number. */
function frames(listeners: Listeners): Frame[] {
  return FAMILIES.flatMap((family) =>
    NAMES.map((name, at) => SHAPES[name]?.(listeners.frame(family * 1000 + at, family)) ?? new Uint8Array()),
  );
}

/** Which shapes arrived. */
function arrived({ heard }: Listeners): string[] {
  return [...heard].map((number) => `${NAMES[number % 1000]} IPv${Math.floor(number / 1000)}`).sort();
}

const OPENED = FAMILIES.flatMap((family) => ['plain', ...TAGS].map((name) => `${name} IPv${family}`)).sort();

/** A SYN from 198.51.100.7 to 192.0.2.1:22 behind three tags with id 0. */
function synBehindTags(sourcePort: number): Frame {
  const ends = { source: ip('198.51.100.7'), destination: ip('192.0.2.1'), destinationMac: 0x020000000001 };
  const syn = buildPacket({ ...ends, sourcePort, destinationPort: 22, tcpFlags: 0x02, length: 40 });
  return tagged(syn, [
    [Q, 0],
    [Q, 0],
    [Q, 0],
  ]);
}
const SYN_ACK = 0x12;

async function use(lab: Lab, mode: string, policy: Written): Promise<void> {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', policy),
    'hosts/lab.yaml': hostFile({ veth0: `mode: ${mode}, policy: edge` }),
  });
  await reconcile(lab);
}

/** Frames that were decided about so far. */
async function decided(lab: Lab): Promise<number> {
  return Object.values(await counts(lab)).reduce((sum, count) => sum + count, 0);
}

describe.each([
  ['native', 'native', 'off'],
  ['generic', 'generic', 'off'],
  ['generic behind GRO', 'generic', 'on'],
])('%s', (_name, mode, gro) => {
  it('a socket hears nothing under default: drop, whatever the IP packet is wrapped in', async () => {
    await using lab = await createLab();
    const pair = lab.pair('veth0');
    if (gro === 'on') await mergePackets(lab.network, pair);
    await using listeners = await listenFor(lab.network, pair);
    await sendFrames(lab.network, pair, frames(listeners));
    // Linux opens these by itself.
    await expect.poll(() => arrived(listeners)).toEqual(OPENED);

    listeners.heard.clear();
    await use(lab, mode, { default: 'drop' });
    const sent = frames(listeners);
    await sendFrames(lab.network, pair, sent);
    await expect.poll(() => decided(lab)).toBeGreaterThanOrEqual(sent.length);
    expect(arrived(listeners)).toEqual([]);
    const { '(malformed)': malformed, '(default)': default_ } = await counts(lab);
    expect(default_).toBeGreaterThanOrEqual(2 * (1 + 2 * 16)); // up to two tags
    expect(malformed).toBe(2 * 3 * 16);
  });

  it('no EtherType of all is opened', async () => {
    await using lab = await createLab();
    const pair = lab.pair('veth0');
    if (gro === 'on') await mergePackets(lab.network, pair);
    await using listeners = await listenFor(lab.network, pair);
    const all = Array.from({ length: 2 * 65_536 }, (_, at) => at);
    function* everything(): Generator<Frame> {
      for (const at of all) {
        const plain = listeners.frame(at, 4);
        const type = at % 65_536;
        yield at < 65_536 ? instead(plain, type) : before(plain, type, 0);
      }
    }
    await sendFrames(lab.network, pair, everything());
    await expect.poll(() => [...listeners.heard]).toEqual([0x0800, 65_536 + Q, 65_536 + AD]);

    listeners.heard.clear();
    await use(lab, mode, { default: 'drop' });
    await sendFrames(lab.network, pair, everything());
    await steady(() => decided(lab));
    expect(await decided(lab)).toBeGreaterThan(all.length / 2); // a ring has no room for all
    expect([...listeners.heard]).toEqual([]);
  });

  it('neither a block nor a rate is evaded', async () => {
    await using lab = await createLab();
    const pair = lab.pair('veth0');
    if (gro === 'on') await mergePackets(lab.network, pair);
    await using listeners = await listenFor(lab.network, pair);
    await use(lab, mode, {
      default: 'pass',
      rules: [
        {
          name: 'limit',
          match: { protocol: 'udp', destinationPort: 7777 },
          rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source' },
          action: 'drop',
        },
      ],
    });
    const sent = frames(listeners);
    await sendFrames(lab.network, pair, sent);
    await expect.poll(() => decided(lab)).toBeGreaterThanOrEqual(sent.length);
    expect(arrived(listeners).length).toBeLessThan(OPENED.length / 4); // one a second, of each source

    for (const source of ['10.77.0.0/24', 'fd77:0::/64'])
      await lab.run(['block', source, '--for', '1h', '--reason', 'test']);
    listeners.heard.clear();
    const before = await decided(lab);
    await sendFrames(lab.network, pair, sent);
    await expect.poll(() => decided(lab)).toBeGreaterThanOrEqual(before + sent.length);
    expect(arrived(listeners)).toEqual([]);
  });

  it('a SYN behind three tags gets no answer', async () => {
    await using lab = await createLab();
    const pair = lab.pair('veth0');
    if (gro === 'on') await mergePackets(lab.network, pair);
    await lab.exec('ip', 'link', 'set', 'veth0', 'address', '02:00:00:00:00:01');
    await lab.exec('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'veth0');
    await lab.exec('ip', 'route', 'add', '198.51.100.0/24', 'via', pair.peerAddress);
    const server = await lab.inside(async () => {
      const listening = createServer().listen(22, '192.0.2.1');
      await once(listening, 'listening');
      return listening;
    });
    await using outside = await lab.captureOutside('veth0');
    const answered = () =>
      outside.packets.filter(({ tcpFlags }) => tcpFlags === SYN_ACK).map((one) => one.destinationPort);
    try {
      await sendFrames(lab.network, pair, [synBehindTags(40_000)]);
      await expect.poll(answered).toContain(40_000);
      await use(lab, mode, { default: 'drop' });
      await sendFrames(lab.network, pair, [synBehindTags(40_001)]);
      await expect.poll(async () => (await counts(lab))['(malformed)']).toBe(1);
      await steady(() => outside.packets.length);
      expect(answered()).not.toContain(40_001);
    } finally {
      server.close();
    }
  });

  it('ARP behind two tags is not IP, behind three it is malformed', async () => {
    await using lab = await createLab();
    const pair = lab.pair('veth0');
    await use(lab, mode, { default: 'drop' });
    const request = Buffer.from(
      'ffffffffffff020000000005' +
        '0806' +
        '0001080006040001' +
        '020000000005' +
        '0a4d0002' +
        '000000000000' +
        '0a4d0001',
      'hex',
    );
    const tag = (count: number) =>
      tagged(
        request,
        Array.from({ length: count }, () => [Q, 0]),
      );
    await sendFrames(lab.network, pair, [0, 1, 2, 3, 4].map(tag));
    await expect.poll(async () => (await counts(lab))['(malformed)']).toBe(2);
    expect((await counts(lab))['(non-ip)']).toBeGreaterThanOrEqual(3);
  });
});
