// What may end, begin and bring back a connection: real packets, and the entries of the kernel's own tables.
import { expect, it } from 'vitest';
import { type KnownConnection, lookUpConnection } from '../../src/kernel/connections.js';
import { mapCalls } from '../../src/kernel/ffi-maps.js';
import { pinPathsOf } from '../../src/kernel/pin-paths.js';
import { openPin } from '../../src/kernel/pinned.js';
import { type ConnectionTable, FLOW_TABLES, tablesOf } from '../../src/model/connections.js';
import type { ConnectionState } from '../../src/model/policy.js';
import { Writer } from '../../src/policy/packet/bytes.js';
import { readFrame } from '../../src/policy/connections/read-flow.js';
import { createLab, type Lab } from '../lab.js';
import { type OurJudge, seatOurJudge, soon } from '../lab/our-judge.js';
import { ip } from '../lab/traffic.js';
import { type Ends, FLAG, ipPacket, TCP, tcp, UDP, udp } from '../support/ip-packets.js';

const { fin, syn, rst, psh, ack } = FLAG;
const PEER = wordOf('198.18.0.1');
const STRANGER = wordOf('198.18.0.2');

function wordOf(address: string): Uint8Array {
  return new Writer().u32(ip(address).a).bytes();
}

interface Flow {
  local: number;
  remote: number;
  protocol: typeof TCP | typeof UDP;
}

/** A port that this host takes by itself, and one that it serves. */
const OPENED: Flow = { local: 40_000, remote: 443, protocol: TCP };
const SERVED: Flow = { local: 443, remote: 40_000, protocol: TCP };
/** A service on a port that Linux might have taken for what it opens. */
const SERVED_ABOVE: Flow = { local: 40_001, remote: 40_000, protocol: TCP };
const QUERY: Flow = { local: 53, remote: 40_000, protocol: UDP };

class World {
  readonly #host: Uint8Array;

  constructor(
    private readonly lab: Lab,
    private readonly judge: OurJudge,
  ) {
    this.#host = wordOf(lab.pair('veth0').address);
  }

  leave(flow: Flow, flags = 0): void {
    this.judge.host.send(
      this.#packet({ source: this.#host, destination: PEER }, flow, flow.local, flow.remote, flags),
    );
  }

  /** What a packet is that comes in. */
  comeIn(flow: Flow, flags = 0, from = PEER): ConnectionState {
    const before = this.judge.counts();
    this.judge.wire.send(this.#incoming(flow, flags, from));
    return soon('a packet that comes in', () => {
      const now = this.judge.counts();
      return (Object.keys(now) as ConnectionState[]).find((state) => now[state] > before[state]);
    });
  }

  /** What the kernel remembers. */
  known(flow: Flow): KnownConnection | undefined {
    return lookUpConnection(pinPathsOf(this.lab.bpffs), this.#name(flow));
  }

  where(flow: Flow): ConnectionTable[] {
    const key = Buffer.from(this.#name(flow), 'latin1');
    return FLOW_TABLES.filter((table) => {
      using map = openPin(pinPathsOf(this.lab.bpffs).connectionTable(table));
      return map && mapCalls().lookup(map.number, key, Buffer.alloc(16)) === 0;
    });
  }

  lose(flow: Flow): void {
    for (const table of tablesOf(this.#name(flow))) {
      using map = openPin(pinPathsOf(this.lab.bpffs).connectionTable(table));
      if (map) mapCalls().delete(map.number, Buffer.from(this.#name(flow), 'latin1'));
    }
  }

  #incoming(flow: Flow, flags: number, from: Uint8Array): Uint8Array {
    const ends = { source: from, destination: this.#host };
    return this.judge.frame(this.#packet(ends, flow, flow.remote, flow.local, flags));
  }

  #name(flow: Flow): string {
    return readFrame(this.#incoming(flow, ack, PEER), 'incoming')?.flow ?? '';
  }

  #packet(
    ends: Ends,
    { protocol }: Flow,
    sourcePort: number,
    destinationPort: number,
    flags: number,
  ): Uint8Array {
    const segment = { sourcePort, destinationPort, seq: 1, ack: flags & ack ? 1 : 0, flags, bytes: 0 };
    const body = protocol === TCP ? tcp(ends, segment) : udp(ends, sourcePort, destinationPort);
    return ipPacket(ends, protocol, 1, body);
  }
}

async function createWorld(): Promise<{ world: World } & AsyncDisposable> {
  const lab = await createLab();
  try {
    const judge = await seatOurJudge(lab, ['198.18.0.0/15', '2001:db8::/32'], []);
    // Of flows that have no socket the kernel would say that they are over, and the other way round.
    const says = (what: string[]) =>
      lab.exec('iptables', '-w', '-t', 'raw', '-A', 'OUTPUT', ...what, '-j', 'DROP');
    await says(['-p', 'tcp', '--tcp-flags', 'RST', 'RST', '-m', 'mark', '--mark', '0']);
    await says(['-p', 'icmp']);
    return {
      world: new World(lab, judge),
      [Symbol.asyncDispose]: async () => {
        judge[Symbol.dispose]();
        await lab[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

const ENDS = [rst, rst | ack, fin | ack, fin];

it('an end that comes in shortens no life, whoever sends it', async () => {
  await using opened = await createWorld();
  const { world } = opened;
  for (const flow of [OPENED, SERVED]) {
    world.leave(flow, ack);
    const life = world.known(flow)?.left ?? 0;
    expect(life, 'seconds').toBeGreaterThan(431_000);
    for (const flags of ENDS) {
      expect(world.comeIn(flow, flags, STRANGER)).toBe('invalid');
      expect(world.comeIn({ ...flow, remote: flow.remote + 1 }, flags)).toBe('invalid');
      // Somebody who forges the address and guesses both ports.
      world.comeIn(flow, flags);
      expect(world.known(flow)).toMatchObject({ phase: 'flowing' });
      expect(world.known(flow)?.left).toBeGreaterThan(life - 60);
    }
    expect(world.comeIn(flow, ack)).toBe('established');
    // Not so this host: what it says about the end is true.
    world.leave(flow, fin | ack);
    expect(world.known(flow)?.left).toBeLessThanOrEqual(120);
    world.leave(flow, rst);
    expect(world.known(flow)?.left).toBeLessThanOrEqual(10);
  }
});

it('a bare ACK that nobody asked for is invalid, and nothing is remembered of it', async () => {
  await using opened = await createWorld();
  const { world } = opened;
  for (const flow of [OPENED, SERVED])
    for (const flags of [ack, ack | psh, syn | ack, ...ENDS]) {
      expect(world.comeIn(flow, flags)).toBe('invalid');
      expect(world.where(flow)).toEqual([]);
    }
});

it('an entry that was lost is there again with the next segment that leaves, whichever it is', async () => {
  await using opened = await createWorld();
  const { world } = opened;
  for (const flow of [OPENED, SERVED]) {
    for (const flags of [ack, ack | psh, fin | ack, syn, syn | ack]) {
      world.leave(flow, ack);
      world.lose(flow);
      expect(world.comeIn(flow, ack)).toBe('invalid');
      world.leave(flow, flags);
      expect(world.comeIn(flow, ack)).toBe('established');
    }
    world.lose(flow);
    world.leave(flow, rst);
    expect(world.comeIn(flow, ack), 'an end brings nothing back').toBe('invalid');
  }
});

it('a client that connects and says nothing for long is not forgotten', async () => {
  await using opened = await createWorld();
  const { world } = opened;
  world.leave(SERVED, syn | ack);
  world.comeIn(SERVED, rst | ack);
  expect(world.known(SERVED)?.left, 'half-open').toBeLessThanOrEqual(60);
  expect(world.comeIn(SERVED, ack)).toBe('established');
  expect(world.known(SERVED)?.left).toBeGreaterThan(431_000);
  // What was no true answer gets a RST from this host.
  world.leave(SERVED, rst);
  expect(world.known(SERVED)?.left).toBeLessThanOrEqual(10);
});

it('what answers may be forged addresses is kept apart until this host says more', async () => {
  await using opened = await createWorld();
  const { world } = opened;
  for (const [flow, table] of [
    [SERVED, 'served'],
    [SERVED_ABOVE, 'opened'],
  ] as const) {
    expect(world.comeIn(flow, syn)).toBe('new');
    world.leave(flow, syn | ack);
    expect(world.where(flow)).toEqual(['begun']);
    expect(world.comeIn(flow, syn), 'once more').toBe('new');
    world.leave(flow, syn | ack);
    expect(world.comeIn(flow, ack)).toBe('established');
    expect(world.where(flow), 'anybody can send an ACK').toEqual(['begun']);
    world.leave(flow, ack);
    expect(world.where(flow)).toEqual([table]);
    expect(world.comeIn(flow, ack)).toBe('established');
  }

  world.lose(SERVED);
  world.leave(SERVED, syn | ack);
  world.leave(SERVED, rst);
  expect(world.where(SERVED)).toEqual(['begun']);
  expect(world.known(SERVED)?.left).toBeLessThanOrEqual(10);

  expect(world.comeIn(QUERY)).toBe('new');
  for (const time of ['once', 'twice']) {
    world.leave(QUERY);
    expect(world.where(QUERY), time).toEqual(['begun']);
    expect(world.comeIn(QUERY)).toBe('established');
  }
  world.lose(QUERY);
  expect(world.comeIn(QUERY), 'what was forgotten is as welcome as at first').toBe('new');

  // What this host opens itself from such a port is not begun by others.
  world.lose(SERVED);
  world.leave(SERVED, syn);
  expect(world.where(SERVED)).toEqual(['served']);
});
