// Says conversations packet by packet before two judges: addresses, ports and numbers for events, and what an ICMP error quotes.
import type { Judges, Verdicts } from '../lab/two-judges.js';
import type { Random } from '../policy/random.js';
import { concat, Writer } from '../../src/policy/packet/bytes.js';
import type { Conversation, Event, Protocol } from './conversations.js';
import {
  echo,
  type Ends,
  type Family,
  FLAG,
  icmp,
  icmpOf,
  ipPacket,
  LAST_NUMBER,
  partsOf,
  shortAt,
  TCP,
  tcp,
  UDP,
  udp,
} from './ip-packets.js';

/** For experiments (RFC 3692): neither judge knows more of it than addresses. */
const RAW = 253;

/** A flow as it is on the wire. */
export interface Flow {
  protocol: Protocol;
  host: Uint8Array;
  world: Uint8Array;
  /** Of an echo the identifier. */
  hostPort: number;
  worldPort: number;
}

/** A packet that came in, and what both judges said. */
export interface Observed extends Verdicts {
  protocol: Protocol;
  kind: Event['kind'];
  flags: number;
  isRequest: boolean;
  /** The host has sent something in this flow, and not only RST. */
  hostSpoke: boolean;
  /** What an error quotes is an answer to a ping. */
  quotesPong: boolean;
  /** A RST came in before. */
  wasReset: boolean;
  /** How it came to this. */
  story: string;
}

export interface HostAddresses {
  own: Record<Family, Uint8Array>;
  /** Translated on the way out. */
  behind: Record<Family, Uint8Array>;
}

export class Speaker {
  #number = 0;

  constructor(
    readonly judges: Judges,
    readonly random: Random,
    readonly addresses: HostAddresses,
  ) {}

  /** 1 to LAST_NUMBER, and again. */
  number(): number {
    this.#number = (this.#number % LAST_NUMBER) + 1;
    return this.#number;
  }

  /** An address of the world. */
  somebody(family: Family): Uint8Array {
    const low = new Writer().u32(this.random.below(2 ** 17));
    if (family === 4) return new Writer().u32(0xc6120000 + this.random.below(2 ** 17)).bytes();
    return concat([
      new Writer()
        .u32(0x20010db8)
        .u32(this.random.below(2 ** 32))
        .u32(0)
        .bytes(),
      low.bytes(),
    ]);
  }

  comeIn(ends: Ends, protocol: number, body: Uint8Array): Verdicts {
    return this.judges.comeIn(ipPacket(ends, protocol, this.number(), body));
  }

  /** Says all of it; the flow as it is on the wire at the end. */
  converse({ protocol, opener, events }: Conversation, observed: Observed[]): Flow {
    const { random } = this;
    const family = random.pick<Family>([4, 6]);
    const isTranslated = opener === 'host' && random.chance(40);
    const home = (isTranslated ? this.addresses.behind : this.addresses.own)[family];
    const [low, high] = [1 + random.below(30_000), 32_768 + random.below(28_000)];
    const hostPort =
      opener === 'host' ? random.pick([high, high, low]) : random.pick([22, 53, 443, low, high]);
    const worldPort = opener === 'host' ? random.pick([53, 80, 443, low]) : high;
    const world = this.somebody(family);
    const flow: Flow = { protocol, host: home, world, hostPort, worldPort };
    const said = new Said(flow, isTranslated);
    for (const event of events) {
      if (event.kind !== 'error' && event.from === 'host') {
        const ends = { source: home, destination: world };
        const number = this.number();
        const body = bodyOf(event, ends, hostPort, worldPort);
        said.left(event, this.judges.leave(ipPacket(ends, protocolOf(event, ends), number, body)));
      } else this.#hear(event, flow, said, observed);
    }
    return flow;
  }

  #hear(event: Event, flow: Flow, said: Said, observed: Observed[]): void {
    const ends = { source: flow.world, destination: flow.host };
    if (event.kind !== 'error') {
      const body = bodyOf(event, ends, flow.worldPort, flow.hostPort);
      const packet = ipPacket(ends, protocolOf(event, ends), this.number(), body);
      observed.push(said.cameIn(event, this.judges.comeIn(packet)));
      return;
    }
    // Before the host has said anything, about what it has not said.
    const { protocol, host, world, hostPort, worldPort } = flow;
    const quoted =
      said.last ?? this.#unsaid(protocol, { source: host, destination: world }, hostPort, worldPort);
    const source = this.random.chance(50) ? this.somebody(world.length === 4 ? 4 : 6) : world;
    const around = { source, destination: host };
    observed.push(said.cameIn(event, this.comeIn(around, icmpOf(around), this.error(around, quoted))));
  }

  #unsaid(protocol: Protocol, ends: Ends, hostPort: number, worldPort: number): Uint8Array {
    const event: Event = { kind: 'tcp', from: 'host', flags: FLAG.ack, seq: 0, ack: 0, bytes: 0 };
    const said: Event = protocol === 'tcp' ? event : { kind: 'udp', from: 'host' };
    return ipPacket(ends, protocolOf(said, ends), 1, bodyOf(said, ends, hostPort, worldPort));
  }

  /** The body of an ICMP error that quotes a packet: all of it, or as little as a router has to. */
  error(ends: Ends, about: Uint8Array): Uint8Array {
    const is4 = ends.source.length === 4;
    const type = this.random.pick(is4 ? [3, 3, 11, 12, 4, 5] : [1, 2, 3, 4]);
    const quoted = this.random.chance(50) ? about : about.subarray(0, (is4 ? 20 : 40) + 8);
    const packetTooBig = !is4 && type === 2;
    return icmp(ends, type, 0, concat([new Writer().u32(packetTooBig ? 1280 : 0).bytes(), quoted]));
  }
}

/** What has happened in one conversation. */
class Said {
  /** The last packet that left, as it is on the wire. */
  last: Uint8Array | undefined;
  #pong = false;
  #hostSpoke = false;
  #wasReset = false;
  readonly #story: string[] = [];
  /** Of the host, before translation. */
  readonly home;

  constructor(
    readonly flow: Flow,
    readonly isTranslated: boolean,
  ) {
    this.home = flow.host;
  }

  left(event: Event, onTheWire: Uint8Array): void {
    const { source, body } = partsOf(onTheWire);
    // What conntrack takes for invalid leaves as it is, and is no part of the translated flow.
    const isLeak = this.isTranslated && Buffer.compare(source, this.home) === 0;
    this.#story.push(`> ${inWords(event)}${isLeak ? ', not translated' : ''}`);
    const isOfFlow = !isLeak || Buffer.compare(source, this.flow.host) === 0;
    const isEnd = event.kind === 'tcp' && (event.flags & FLAG.rst) !== 0;
    if (isOfFlow && !isEnd) this.#hostSpoke = true;
    if (isLeak) return;
    this.last = onTheWire;
    this.#pong = event.kind === 'echo' && !event.isRequest;
    if (!this.isTranslated) return;
    this.flow.host = source;
    if (event.kind === 'echo') this.flow.hostPort = shortAt(body, 4);
    else if (event.kind !== 'raw') this.flow.hostPort = shortAt(body, 0);
  }

  cameIn(event: Event, verdicts: Verdicts): Observed {
    this.#story.push(`< ${inWords(event)}: ${verdicts.ours}, ${verdicts.theirs}`);
    const before = {
      ...{ hostSpoke: this.#hostSpoke, quotesPong: event.kind === 'error' && this.#pong },
      wasReset: this.#wasReset,
    };
    const flags = event.kind === 'tcp' ? event.flags : 0;
    if (flags & FLAG.rst) this.#wasReset = true;
    const { protocol, host } = this.flow;
    return {
      ...verdicts,
      ...before,
      protocol,
      kind: event.kind,
      flags,
      isRequest: event.kind === 'echo' && event.isRequest,
      story: `${protocol}, IPv${host.length === 4 ? 4 : 6}${this.isTranslated ? ', translated' : ''}\n  ${this.#story.join('\n  ')}`,
    };
  }
}

function protocolOf({ kind }: Event, ends: Ends): number {
  if (kind === 'tcp') return TCP;
  if (kind === 'udp') return UDP;
  return kind === 'raw' ? RAW : icmpOf(ends);
}

function bodyOf(event: Event, ends: Ends, sourcePort: number, destinationPort: number): Uint8Array {
  switch (event.kind) {
    case 'tcp':
      return tcp(ends, { ...event, sourcePort, destinationPort });
    case 'udp':
      return udp(ends, sourcePort, destinationPort);
    case 'echo':
      return echo(
        ends,
        event.isRequest,
        event.from === 'host' ? sourcePort : destinationPort,
        event.sequence,
      );
    default:
      return new Uint8Array(16);
  }
}

const LETTERS = ['F', 'S', 'R', 'P', 'A', 'U', 'E', 'C'];

function inWords(event: Event): string {
  switch (event.kind) {
    case 'tcp':
      return `${LETTERS.filter((_, bit) => event.flags & (1 << bit)).join('')} seq ${event.seq} ack ${event.ack} (${event.bytes})`;
    case 'echo':
      return event.isRequest ? `ping ${event.sequence}` : `pong ${event.sequence}`;
    default:
      return event.kind;
  }
}
