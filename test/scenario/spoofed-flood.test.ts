// What a flood from spoofed sources does to what is known of connections: each of its packets is answered, and each answer is written
// down. XDPKEEP_SOURCES=1000000 prints the numbers of docs/connections.md.
// needs: iptables
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { enter } from '../lab/network.js';
import { type OurJudge, seatOurJudge, soon } from '../lab/our-judge.js';
import { ip } from '../lab/traffic.js';
import { Writer } from '../../src/policy/packet/bytes.js';
import { type Ends, FLAG, ipPacket, TCP, tcp, UDP, udp } from '../support/ip-packets.js';

/** Twice what the table has room for into which they go. */
const SOURCES = Number(process.env['XDPKEEP_SOURCES'] ?? 262_144);
/** Flows of each kind that are open. */
const FLOWS = 1_000;
/** Packets of the flood between two of each flow that talks, and that seldom talks: at 100,000 packets/s 0.1 and 1 s. */
const [BETWEEN, SELDOM] = [10_000, 100_000];
const [HTTPS, DNS, EPHEMERAL] = [443, 53, 40_000];

const KINDS = ['opened, idle', 'served, idle', 'served, talking', 'served, seldom talking'] as const;
type Kind = (typeof KINDS)[number];

const wordBytes = (word: number): Uint8Array => new Writer().u32(word >>> 0).bytes();
/** A million different ones, none like the one before: 64.0.0.0/3. */
const spoofed = (index: number): Uint8Array => wordBytes(0x40000000 + ((index * 2_654_435_761) & 0x1fffffff));

class World {
  readonly host: Uint8Array;

  constructor(
    readonly judge: OurJudge,
    address: string,
  ) {
    this.host = wordBytes(ip(address).a);
  }

  /** 198.18.0.0/15: not among those that are spoofed. */
  #peer(kind: Kind, index: number): Uint8Array {
    return wordBytes(0xc6120000 + KINDS.indexOf(kind) * FLOWS + index);
  }

  #segment(ends: Ends, sourcePort: number, destinationPort: number, flags: number): Uint8Array {
    const segment = { sourcePort, destinationPort, seq: 1, ack: flags & FLAG.ack ? 1 : 0, flags, bytes: 0 };
    return ipPacket(ends, TCP, 1, tcp(ends, segment));
  }

  /** Every flow of a kind has been talking both ways. */
  open(kind: Kind): void {
    for (let index = 0; index < FLOWS; index++) {
      const ends = { source: this.host, destination: this.#peer(kind, index) };
      const [mine, other] = kind === 'opened, idle' ? [EPHEMERAL, HTTPS] : [HTTPS, EPHEMERAL];
      this.judge.host.send(this.#segment(ends, mine, other, FLAG.ack));
    }
  }

  /** Each flow of a kind gets a packet; how many of those are established. */
  hear(kind: Kind): number {
    const before = this.judge.counts();
    const total = (counts: typeof before): number => Object.values(counts).reduce((sum, one) => sum + one, 0);
    for (let index = 0; index < FLOWS; index++) {
      const ends = { source: this.#peer(kind, index), destination: this.host };
      const [mine, other] = kind === 'opened, idle' ? [EPHEMERAL, HTTPS] : [HTTPS, EPHEMERAL];
      this.judge.wire.send(this.judge.frame(this.#segment(ends, other, mine, FLAG.ack)));
    }
    const after = soon('packets of flows', () => {
      const now = this.judge.counts();
      return total(now) >= total(before) + FLOWS ? now : undefined;
    });
    return after.established - before.established;
  }

  /** A SYN of a source that does not exist, which a listening socket of the host answers. */
  syn(index: number): void {
    const ends = { source: spoofed(index), destination: this.host };
    this.judge.wire.send(this.judge.frame(this.#segment(ends, EPHEMERAL, HTTPS, FLAG.syn)));
  }

  /** What a DNS server says to a query of such a source. */
  dnsAnswer(index: number): void {
    const ends = { source: this.host, destination: spoofed(index) };
    this.judge.host.send(ipPacket(ends, UDP, 1, udp(ends, DNS, EPHEMERAL)));
  }
}

/** A service on HTTPS, with nothing behind it; the kernel answers SYNs by itself, with cookies where they are too many. */
async function serve(lab: Lab): Promise<AsyncDisposable> {
  const server = createServer();
  await enter(lab.network.firewall, async () => {
    server.listen(HTTPS, lab.pair('veth0').address);
    await once(server, 'listening');
  });
  return {
    [Symbol.asyncDispose]: async () => {
      await once(server.close(), 'close');
    },
  };
}

it.each(['syn', 'dnsAnswer'] as const)('%s of many sources: what was open', async (flood) => {
  await using lab = await createLab();
  const { address } = lab.pair('veth0');
  using judge = await seatOurJudge(lab, ['0.0.0.0/0', '2001:db8::/32'], []);
  // Of flows that have no socket the kernel would say that they are over.
  await lab.exec(
    'iptables',
    '-w',
    '-t',
    'raw',
    '-A',
    'OUTPUT',
    '-p',
    'tcp',
    '--tcp-flags',
    'RST',
    'RST',
    '-j',
    'DROP',
  );
  await using _server = await serve(lab);
  const world = new World(judge, address);
  for (const kind of KINDS) {
    world.open(kind);
    expect(world.hear(kind), kind).toBe(FLOWS);
  }
  const started = Date.now();
  const [talking, seldom]: [number[], number[]] = [[], []];
  let answered = 0;
  for (let index = 0; index < SOURCES; index++) {
    world[flood](index);
    while (judge.wire.receive()) answered++;
    if (index % BETWEEN === BETWEEN - 1) talking.push(world.hear('served, talking'));
    if (index % SELDOM === SELDOM - 1) seldom.push(world.hear('served, seldom talking'));
  }
  const seconds = (Date.now() - started) / 1000;
  while (judge.wire.receive()) answered++;
  expect(answered).toBeGreaterThan(SOURCES * 0.9);
  const left = Object.fromEntries(KINDS.map((kind) => [kind, world.hear(kind)]));
  world.open('served, idle');
  const back = world.hear('served, idle');
  if (process.env['XDPKEEP_SOURCES'])
    console.log({ flood, SOURCES, seconds, answered, left, back, talking: Math.min(...talking), seldom });

  expect(left['opened, idle'], 'what this host opened').toBe(FLOWS);
  expect(left['served, idle'], 'what is served, and silent').toBe(FLOWS);
  expect(Math.min(...talking), 'what talks').toBeGreaterThan(FLOWS * 0.95);
  expect(Math.min(...seldom), 'what seldom talks').toBeGreaterThan(FLOWS * 0.95);
  expect(back, 'once the host has sent again').toBe(FLOWS);
});
